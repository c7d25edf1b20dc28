package dev.hearth.client;

import java.util.Optional;

/**
 * What a flight brings.
 *
 * @param hit whether the store answered, or the near cache
 * @param loadTick when the loader was called; 0 for a hit
 * @param loadNanos that the loader took; 0 for a hit
 * @param bytes size of the encoded value; 0 where nothing was encoded or decoded, or there is none
 */
record Answer<V>(Optional<V> value, boolean hit, long loadTick, long loadNanos, int bytes) {
  /** From the process itself, where values are not encoded. */
  static <V> Answer<V> hit(Optional<V> value) {
    return hit(value, 0);
  }

  static <V> Answer<V> hit(Optional<V> value, int bytes) {
    return new Answer<>(value, true, 0, 0, bytes);
  }

  static <V> Answer<V> loaded(Optional<V> value, long loadTick, long loadNanos) {
    return new Answer<>(value, false, loadTick, loadNanos, 0);
  }

  Answer<V> encodedAs(int size) {
    return new Answer<>(value, hit, loadTick, loadNanos, size);
  }
}
