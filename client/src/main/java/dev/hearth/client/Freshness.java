package dev.hearth.client;

import java.time.Duration;

/** How fresh an answer must be. */
public sealed interface Freshness {

  /** As the cache has it: at least as new as the last invalidation that the store has applied. */
  static Freshness any() {
    return Any.ANY;
  }

  /** The answer holds the write that the token was taken after, and all that came before it. */
  static Freshness after(WriteToken token) {
    return new After(token);
  }

  /**
   * The answer misses nothing that could be read on the primary that long before the call.
   *
   * <p>Between two heartbeats of the pipeline nothing is known of the time that passes: while
   * nothing changes, bounds below about 1.5 s send every other read to the database.
   *
   * @param bound more than zero
   */
  static Freshness within(Duration bound) {
    return new Within(bound);
  }

  /** See {@link Freshness#any}. */
  record Any() implements Freshness {
    private static final Any ANY = new Any();
  }

  /** See {@link Freshness#after}. */
  record After(WriteToken token) implements Freshness {}

  /** See {@link Freshness#within}. */
  record Within(Duration bound) implements Freshness {
    /** Refuses a bound of zero or less. */
    public Within {
      if (bound.isZero() || bound.isNegative()) {
        throw new IllegalArgumentException(
            "freshness is within " + bound + "; expected more than zero");
      }
    }
  }
}
