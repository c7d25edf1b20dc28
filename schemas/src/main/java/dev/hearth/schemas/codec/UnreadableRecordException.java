package dev.hearth.schemas.codec;

/** Bytes that are no record of ours, or of a version that this build does not know. */
public final class UnreadableRecordException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public UnreadableRecordException(String sentence) {
    super(sentence);
  }

  public UnreadableRecordException(String sentence, Throwable cause) {
    super(sentence, cause);
  }
}
