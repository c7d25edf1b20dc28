package dev.hearth.warmer.trigger;

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

  /** One hot key: reads per second, an upper bound, and by how much it may be too high. */
  record Key(String key, double readsPerSecond, double errorPerSecond) {}

  static HotKeysAnswer of(String cache, Optional<HotKeys> hot, int top) {
    return new HotKeysAnswer(
        cache,
        hot.map(HotKeys::asOf).orElse(null),
        hot.map(known -> known.halfLife().toMillis() / 1000.0).orElse(null),
        hot.map(HotKeys::keys).orElse(List.of()).stream()
            .limit(top)
            .map(key -> new Key(key.key(), key.readsPerSecond(), key.errorPerSecond()))
            .toList());
  }
}
