package dev.hearth.client;

import java.time.Duration;

/**
 * How long entries live. Keys that were filled together must not end together, so each life is
 * shortened at random; it is never lengthened, so that {@code value} stays an upper bound.
 *
 * @param value of entries that hold one; 1 ms to 3650 days
 * @param negative of entries that say that there is no row; 1 ms to 3650 days
 * @param jitterShare largest part that is taken off, 0 to 1
 */
record TimeToLive(Duration value, Duration negative, double jitterShare) {
  private static final Duration LEAST = Duration.ofMillis(1);
  private static final Duration MOST = Duration.ofDays(3650);

  TimeToLive {
    requireInRange("ttl", value);
    requireInRange("negativeTtl", negative);
    if (!(jitterShare >= 0 && jitterShare <= 1)) {
      throw new IllegalArgumentException("jitter is " + jitterShare + "; expected a share, 0 to 1");
    }
  }

  /**
   * The life of one entry.
   *
   * @param random 0 to 1
   */
  Duration of(boolean absent, double random) {
    Duration longest = absent ? negative : value;
    Duration shortened =
        Duration.ofMillis((long) (longest.toMillis() * (1 - jitterShare * random)));
    return shortened.compareTo(LEAST) < 0 ? LEAST : shortened;
  }

  private static void requireInRange(String name, Duration found) {
    if (found.compareTo(LEAST) < 0 || found.compareTo(MOST) > 0) {
      throw new IllegalArgumentException(
          name + " is " + found + "; expected 1 millisecond to 3650 days");
    }
  }
}
