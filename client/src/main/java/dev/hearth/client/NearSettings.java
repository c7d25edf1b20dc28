package dev.hearth.client;

import java.time.Duration;

/**
 * How a cache keeps values in its process.
 *
 * @param entries most values at a time, 1 to 100,000,000
 * @param ttl longest life of a value here, 1 ms to 1 day; adds to its life in the store
 * @param bound most that the stream may be old for a value to be answered, 1 ms to 1 hour: so long
 *     may an answer miss a change after the stream was lost
 */
public record NearSettings(long entries, Duration ttl, Duration bound) {
  private static final Duration LEAST = Duration.ofMillis(1);

  /** Names what is out of range. */
  public NearSettings {
    if (entries < 1 || entries > 100_000_000) {
      throw new IllegalArgumentException(
          "near cache of " + entries + " entries; expected 1 to 100,000,000");
    }
    requireInRange("ttl", ttl, Duration.ofDays(1));
    requireInRange("bound", bound, Duration.ofHours(1));
  }

  /** As many entries, each for a minute at most, and none where the stream is 5 s old. */
  public static NearSettings of(long entries) {
    return new NearSettings(entries, Duration.ofMinutes(1), Duration.ofSeconds(5));
  }

  private static void requireInRange(String name, Duration found, Duration most) {
    if (found.compareTo(LEAST) < 0 || found.compareTo(most) > 0) {
      throw new IllegalArgumentException(
          "near cache's " + name + " is " + found + "; expected 1 millisecond to " + most);
    }
  }
}
