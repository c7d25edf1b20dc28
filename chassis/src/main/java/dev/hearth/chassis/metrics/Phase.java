package dev.hearth.chassis.metrics;

import java.util.Locale;

/** A stretch of the way from a database's commit to the stores. */
public enum Phase {
  /** From the commit to the acknowledged record on the changes topic. */
  COMMIT_TO_CAPTURE,
  /** From there to the invalidation on its topic. */
  CAPTURE_TO_DERIVE,
  /** From there to the store's acknowledgement. */
  DERIVE_TO_APPLY,
  /** The whole way, per store. */
  COMMIT_TO_APPLY;

  /** Value of the label {@code phase}, such as {@code commit_to_capture}. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
