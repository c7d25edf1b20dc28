package dev.hearth.schemas.access;

import java.time.Duration;
import java.time.Instant;
import java.util.List;

/** The most read keys of one cache, hottest first. */
public record HotKeys(String cache, Instant asOf, Duration halfLife, List<HotKey> keys) {
  public HotKeys {
    keys = List.copyOf(keys);
  }

  /**
   * One hot key.
   *
   * @param readsPerSecond decayed; an upper bound
   * @param errorPerSecond by how much that may be too high
   */
  public record HotKey(String key, double readsPerSecond, double errorPerSecond) {}
}
