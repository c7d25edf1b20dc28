package dev.hearth.warmer.run;

/** Who of several instances executes runs: one at a time. Thread-safe. */
@FunctionalInterface
public interface RunClaim {

  /** Whether it is this one, as far as it knows. */
  boolean isHeld();
}
