package dev.hearth.ingest.publish;

/** The broker did not take a record: the session ends and goes on from the slot. */
public final class PublishingFailedException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public PublishingFailedException(String sentence, Throwable cause) {
    super(sentence, cause);
  }
}
