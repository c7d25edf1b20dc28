package dev.hearth.client;

import java.util.Optional;

/**
 * What a flight brings.
 *
 * @param hit whether the store answered, or the near cache
 * @param loadTick when the loader was called; 0 for a hit
 * @param loadNanos that the loader took; 0 for a hit
 */
record Answer<V>(Optional<V> value, boolean hit, long loadTick, long loadNanos) {
  static <V> Answer<V> hit(Optional<V> value) {
    return new Answer<>(value, true, 0, 0);
  }
}
