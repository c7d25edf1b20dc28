package dev.hearth.warmer.guard;

import java.time.Duration;

/**
 * When a store may be filled.
 *
 * @param freshWithin everything that could be read on the primary so long ago must be applied in
 *     the store, above zero. The heartbeat of an idle source proves it about twice a second
 * @param longestWait how long a run waits for that, zero or more
 * @param fullAt part of a store's limit above which nothing is added, above 0, up to 1
 * @param timeout how long stores and primary may take to answer what is asked of them
 */
public record GuardSettings(
    Duration freshWithin, Duration longestWait, double fullAt, Duration timeout) {
  public GuardSettings {
    if (freshWithin.isNegative() || freshWithin.isZero() || longestWait.isNegative()) {
      throw new IllegalArgumentException(
          "freshWithin is "
              + freshWithin
              + ", longestWait "
              + longestWait
              + "; expected above zero, and zero or more");
    }
    if (!(fullAt > 0 && fullAt <= 1)) {
      throw new IllegalArgumentException(
          "fullAt is " + fullAt + "; expected a number above 0, up to 1");
    }
  }

  /** 10 s, the life of a lease; 30 s; nine tenths; 1 s. */
  public static GuardSettings defaults() {
    return new GuardSettings(
        Duration.ofSeconds(10), Duration.ofSeconds(30), 0.9, Duration.ofSeconds(1));
  }
}
