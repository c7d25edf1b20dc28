package dev.hearth.warmer.trigger;

import dev.hearth.schemas.access.Churn;
import dev.hearth.schemas.access.HotKeys;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Hot keys as HTTP shows them.
 *
 * @param asOf null before any were published
 * @param halfLifeSeconds after which a read counts half; null before any were published
 */
record HotKeysAnswer(
    String cache, @Nullable Instant asOf, @Nullable Double halfLifeSeconds, List<Key> keys) {

  /**
   * One hot key.
   *
   * @param readsPerSecond an upper bound
   * @param errorPerSecond by how much that may be too high
   * @param writesPerSecond a lower bound
   * @param bestHitRatio that a cache kept true can reach with these reads and writes
   * @param churning whether it is better not cached, and left out of warming
   * @param loadMicros mean time of a load; null where none is known
   * @param bytes mean size of the value; null where none is known
   */
  record Key(
      String key,
      double readsPerSecond,
      double errorPerSecond,
      double writesPerSecond,
      double bestHitRatio,
      boolean churning,
      @Nullable Double loadMicros,
      @Nullable Double bytes) {
    static Key of(HotKeys.HotKey key) {
      return new Key(
          key.key(),
          key.readsPerSecond(),
          key.errorPerSecond(),
          key.writesPerSecond(),
          Churn.bestHitRatio(key),
          Churn.isChurning(key),
          key.loadMicros() > 0 ? key.loadMicros() : null,
          key.bytes() > 0 ? key.bytes() : null);
    }
  }

  static HotKeysAnswer of(String cache, Optional<HotKeys> hot, int top) {
    return new HotKeysAnswer(
        cache,
        hot.map(HotKeys::asOf).orElse(null),
        hot.map(known -> known.halfLife().toMillis() / 1000.0).orElse(null),
        hot.map(HotKeys::keys).orElse(List.of()).stream().limit(top).map(Key::of).toList());
  }
}
