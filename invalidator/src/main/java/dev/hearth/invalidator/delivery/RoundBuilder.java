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
import dev.hearth.store.DeliveryTarget.Resume;
import dev.hearth.store.Round;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
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
  private final StoreCaches caches;
  private final Map<CacheKey, Invalidation> keys = new HashMap<>();
  private final Set<CacheKey> order = new LinkedHashSet<>();
  private final Map<String, Long> generations = new HashMap<>();
  private final Set<String> emptied = new LinkedHashSet<>();
  private final Map<String, Integer> observed = new HashMap<>();
  private long firstPlainOffset = -1;
  private Position ceiling = Position.NONE;
  private @Nullable Watermark watermark;
  private long firstOffset = -1;
  private long lastOffset = -1;
  private boolean voids;

  /**
   * Begins a round.
   *
   * @param caches that this store holds; others are not its business
   */
  RoundBuilder(int partition, String topicId, StoreCaches caches) {
    this.partition = partition;
    this.topicId = topicId;
    this.caches = caches;
  }

  void add(long offset, InvalidationRecord record) {
    firstOffset = firstOffset < 0 ? offset : firstOffset;
    lastOffset = offset;
    if (record instanceof Invalidation invalidation) {
      if (caches.observed().contains(invalidation.cache())) {
        observed.merge(invalidation.cache(), 1, Integer::sum);
      }
      if (caches.takesOut(invalidation.cache())) {
        notePlain(offset, invalidation.cache());
        ceiling = Position.max(ceiling, invalidation.position());
        CacheKey key = new CacheKey(invalidation.cache(), invalidation.key());
        order.add(key);
        // The first is the oldest: its lag is the one that counts.
        keys.putIfAbsent(key, invalidation);
      }
    } else if (record instanceof InvalidationMark mark) {
      add(offset, mark.mark());
    }
  }

  private void notePlain(long offset, String cache) {
    if (firstPlainOffset < 0 && caches.plain().containsKey(cache)) {
      firstPlainOffset = offset;
    }
  }

  private void add(long offset, StreamMark mark) {
    if (mark instanceof Watermark latest) {
      watermark = latest;
    } else if (mark instanceof EpochRaised raised) {
      voids = true;
      ceiling = Position.max(ceiling, raised.position());
    } else if (mark instanceof GenerationRaised raised && caches.takesOut(raised.cache())) {
      voids = true;
      ceiling = Position.max(ceiling, raised.position());
      notePlain(offset, raised.cache());
      if (caches.plain().containsKey(raised.cache())) {
        emptied.add(raised.cache());
      }
      generations.merge(raised.cache(), raised.generation(), Math::max);
    }
  }

  int partition() {
    return partition;
  }

  String topicId() {
    return topicId;
  }

  /** The keys taken out, in the order in which they came. */
  Set<CacheKey> keys() {
    return order;
  }

  /** The keys taken out, each with the oldest invalidation of it in this round. */
  Map<CacheKey, Invalidation> invalidations() {
    return keys;
  }

  Optional<Watermark> watermark() {
    return Optional.ofNullable(watermark);
  }

  /** Plain caches whose keys all go: there is no generation in them that could void them. */
  Set<String> emptied() {
    return emptied;
  }

  /** By cache, how many invalidations came that this store only observes. */
  Map<String, Integer> observed() {
    return observed;
  }

  /** The first record that concerns a plain cache; empty where none does. */
  OptionalLong firstPlainOffset() {
    return firstPlainOffset < 0 ? OptionalLong.empty() : OptionalLong.of(firstPlainOffset);
  }

  /** Whether it takes anything out: keys, or all of a cache. */
  boolean takesOut() {
    return voids || !order.isEmpty();
  }

  long firstOffset() {
    return firstOffset;
  }

  long lastOffset() {
    return lastOffset;
  }

  /**
   * The round.
   *
   * @param resume behind which record to go on after a stop
   */
  Round build(Resume resume) {
    return new Round(
        partition,
        ceiling,
        order,
        generations,
        Optional.ofNullable(watermark),
        resume.topicId(),
        lastOffset,
        resume.offset());
  }

  /** The round, where nothing of it or before it is still to be done. */
  Round build() {
    return build(new Resume(topicId, lastOffset));
  }
}
