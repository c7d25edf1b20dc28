package dev.hearth.warmer.load;

/** A batch that could not be read; the message is one sentence without values of rows. */
public final class LoadException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public LoadException(String sentence) {
    super(sentence);
  }

  public LoadException(String sentence, Throwable cause) {
    super(sentence, cause);
  }
}
