package dev.hearth.warmer.trigger;

/** Who does what a trigger asks for, once for all instances and through restarts; thread-safe. */
public interface Claims {

  /** What became of a claim. */
  enum Outcome {
    /** Nobody claimed it before: go ahead. */
    FIRST,
    /** Somebody did. */
    TAKEN,
    /** It cannot be said, so that nothing may be done. */
    UNKNOWN
  }

  /** Claims a trigger; blocks, within a bound. */
  Outcome claim(String trigger);

  /** Whether it is known to be claimed, as far as the topic was read; returns at once. */
  boolean isTaken(String trigger);

  /** Gives back what this instance claimed: nothing was done. */
  void release(String trigger);
}
