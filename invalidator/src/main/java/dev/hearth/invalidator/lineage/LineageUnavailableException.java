package dev.hearth.invalidator.lineage;

/** Nothing can be told just now; the message says why. */
final class LineageUnavailableException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  LineageUnavailableException(String reason) {
    super(reason);
  }

  LineageUnavailableException(String reason, Throwable cause) {
    super(reason, cause);
  }
}
