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
   * Reads of one key.
   *
   * @param reads all of them, misses included; at least 0
   * @param loadTime spent in loaders for this key
   */
  public record KeyCount(String cache, String key, long reads, long misses, Duration loadTime) {}
}
