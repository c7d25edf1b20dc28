package dev.hearth.store;

/** A store that does not answer, or refuses. Nothing is known of the outcome; try again. */
public final class StoreUnavailableException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public StoreUnavailableException(String sentence) {
    super(sentence);
  }

  public StoreUnavailableException(String sentence, Throwable cause) {
    super(sentence, cause);
  }
}
