package dev.hearth.client;

/**
 * A read asked for freshness that could not be proven, and the policy kept it from the database.
 * The cache may hold an answer; {@link Freshness#any} would have got it.
 */
public final class StaleReadException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  StaleReadException(String sentence) {
    super(sentence);
  }
}
