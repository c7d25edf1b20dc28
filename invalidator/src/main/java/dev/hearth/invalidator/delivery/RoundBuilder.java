package dev.hearth.invalidator.delivery;

import dev.hearth.schemas.invalidation.Invalidation;
import dev.hearth.schemas.invalidation.InvalidationMark;
import dev.hearth.schemas.invalidation.InvalidationRecord;
import dev.hearth.schemas.position.EpochRaised;
import dev.hearth.schemas.position.GenerationRaised;
import dev.hearth.schemas.position.Position;
import dev.hearth.schemas.position.StreamMark;
import dev.hearth.schemas.position.Watermark;
import dev.hearth.store.CacheKey;
import dev.hearth.store.Round;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Folds records of one partition that follow one another into one round; a key that comes several
 * times is taken out once, at the highest position. Deterministic, no I/O; used once, by one
 * thread.
 */
final class RoundBuilder {
  private final int partition;
  private final String topicId;
  private final Set<String> caches;
  private final Map<CacheKey, Invalidation> keys = new HashMap<>();
  private final Set<CacheKey> order = new LinkedHashSet<>();
  private final Map<String, Long> generations = new HashMap<>();
  private Position ceiling = Position.NONE;
  private @Nullable Watermark watermark;
  private long lastOffset = -1;

  /**
   * Begins a round.
   *
   * @param caches that this store holds; others are not its business
   */
  RoundBuilder(int partition, String topicId, Set<String> caches) {
    this.partition = partition;
    this.topicId = topicId;
    this.caches = caches;
  }

  void add(long offset, InvalidationRecord record) {
    lastOffset = offset;
    if (record instanceof Invalidation invalidation) {
      if (caches.contains(invalidation.cache())) {
        ceiling = Position.max(ceiling, invalidation.position());
        CacheKey key = new CacheKey(invalidation.cache(), invalidation.key());
        order.add(key);
        // The first is the oldest: its lag is the one that counts.
        keys.putIfAbsent(key, invalidation);
      }
    } else if (record instanceof InvalidationMark mark) {
      add(mark.mark());
    }
  }

  private void add(StreamMark mark) {
    if (mark instanceof Watermark latest) {
      watermark = latest;
    } else if (mark instanceof EpochRaised raised) {
      ceiling = Position.max(ceiling, raised.position());
    } else if (mark instanceof GenerationRaised raised && caches.contains(raised.cache())) {
      ceiling = Position.max(ceiling, raised.position());
      generations.merge(raised.cache(), raised.generation(), Math::max);
    }
  }

  /** The keys taken out, each with the oldest invalidation of it in this round. */
  Map<CacheKey, Invalidation> invalidations() {
    return keys;
  }

  Optional<Watermark> watermark() {
    return Optional.ofNullable(watermark);
  }

  Round build() {
    return new Round(
        partition,
        ceiling,
        order,
        generations,
        Optional.ofNullable(watermark),
        topicId,
        lastOffset);
  }
}
