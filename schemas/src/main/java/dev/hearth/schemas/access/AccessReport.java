package dev.hearth.schemas.access;

import java.time.Duration;
import java.time.Instant;
import java.util.List;

/**
 * How often one client read which keys in an interval. Lossy, and says by how much.
 *
 * @param dropped reads that were not counted by key because the client's table was full
 */
public record AccessReport(
    String client, Instant from, Instant to, List<KeyCount> counts, long dropped) {
  public AccessReport {
    counts = List.copyOf(counts);
  }

  /**
   * Reads of one key. Holds whatever a client wrote: who counts it, checks it.
   *
   * @param reads all of them, misses included; at least 0
   * @param loadTime spent in loaders for this key, all loads together
   * @param loads that {@code loadTime} sums up, those that failed or were another reader's left
   *     out; 0 where that is not known, and the misses stand for it
   * @param bytes size of the value as it was last seen in the interval, encoded; 0 where that is
   *     not known
   */
  public record KeyCount(
      String cache,
      String key,
      long reads,
      long misses,
      Duration loadTime,
      long loads,
      long bytes) {

    /** A count that says nothing of loads and of the size of the value. */
    public KeyCount(String cache, String key, long reads, long misses, Duration loadTime) {
      this(cache, key, reads, misses, loadTime, 0, 0);
    }
  }
}
