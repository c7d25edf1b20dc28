package dev.hearth.client;

/** A loader ended with a checked exception, which is the cause. */
public final class LoaderException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  LoaderException(String sentence, Exception cause) {
    super(sentence, cause);
  }
}
