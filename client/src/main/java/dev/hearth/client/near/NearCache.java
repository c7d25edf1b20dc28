package dev.hearth.client.near;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import dev.hearth.schemas.position.Position;
import dev.hearth.schemas.position.Watermark;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.function.BiPredicate;
import java.util.stream.IntStream;

/**
 * Values of one cache in this process. Knows nothing of time: whoever asks also asks how old the
 * stream is. Thread-safe; readers take no lock.
 *
 * @param <V> what is cached; shared between callers, so best immutable
 */
public final class NearCache<V> {
  /** Keys per partition whose last invalidation is remembered by itself: about 1 MB. */
  private static final int REMEMBERED = 4096;

  private final Cache<String, Kept<V>> values;
  private final List<NearPartition> partitions;
  private final List<NearPartition> tagPartitions;
  private final AtomicLongArray lives;

  /**
   * A value that was kept.
   *
   * @param value empty where the database has no such row
   * @param vouching the value misses no transaction whose commit record ends at or before it
   * @param tags that it depends on
   */
  public record Found<V>(Optional<V> value, Position vouching, List<Tag> tags) {
    public Found {
      tags = List.copyOf(tags);
    }

    /** A value that depends on its key alone. */
    public Found(Optional<V> value, Position vouching) {
      this(value, vouching, List.of());
    }
  }

  /**
   * A tag.
   *
   * @param partition of the invalidations that tells of it
   * @param name with its group's, so that no two groups share one
   */
  public record Tag(int partition, String name) {}

  /**
   * @param tagLives of each tag's partition, in the order of the tags
   */
  private record Kept<V>(Found<V> found, int partition, long life, List<OptionalLong> tagLives) {}

  /**
   * An empty cache.
   *
   * @param partitions of the invalidations
   * @param entries most values at a time, at least 1
   * @param ttl longest life of a value here, beside its life in the store
   * @param atLeast whether the first position, which vouches, is at or above the second
   */
  public NearCache(
      int partitions, long entries, Duration ttl, BiPredicate<Position, Position> atLeast) {
    this.values = Caffeine.newBuilder().maximumSize(entries).expireAfterWrite(ttl).build();
    this.partitions = closed(partitions, atLeast);
    this.tagPartitions = closed(partitions, atLeast);
    this.lives = new AtomicLongArray(partitions);
  }

  private static List<NearPartition> closed(
      int partitions, BiPredicate<Position, Position> atLeast) {
    return IntStream.range(0, partitions)
        .mapToObj(partition -> new NearPartition(REMEMBERED, atLeast))
        .toList();
  }

  /** What is kept under a key that depends on nothing else, and has not been taken back. */
  public Optional<Found<V>> find(String key) {
    return find(key, List.of());
  }

  /**
   * What is kept under a key with just these tags, and has not been taken back.
   *
   * <p>Nobody remembers which values a tag stands for. A value is looked at when it is asked for:
   * what vouches for it must be at or above what was last told of each of its tags, or at or above
   * the highest that was forgotten of any. Who asks with tags takes a lock for each.
   */
  public Optional<Found<V>> find(String key, List<Tag> tags) {
    Kept<V> kept = values.getIfPresent(key);
    return kept == null
            || kept.life() != lives.get(kept.partition())
            || !kept.found().tags().equals(tags)
            || !kept.tagLives().equals(tagLives(kept.found()))
        ? Optional.empty()
        : Optional.of(kept.found());
  }

  /** Empty where something was told of a tag that the value may miss. */
  private List<OptionalLong> tagLives(Found<V> found) {
    return found.tags().stream()
        .map(
            tag -> {
              NearPartition told = tagPartitions.get(tag.partition());
              synchronized (told) {
                return told.admit(tag.name(), found.vouching());
              }
            })
        .toList();
  }

  /** Keeps a value, unless something that it may miss has been told already. */
  public void offer(int partition, String key, Found<V> found) {
    List<OptionalLong> tagLives = tagLives(found);
    if (tagLives.contains(OptionalLong.empty())) {
      return;
    }
    NearPartition told = partitions.get(partition);
    // With the lock, or an invalidation could come between the decision and the deed.
    synchronized (told) {
      OptionalLong life = told.admit(key, found.vouching());
      if (life.isPresent()) {
        values.put(key, new Kept<>(found, partition, life.getAsLong(), tagLives));
      }
    }
  }

  public void invalidated(int partition, String key, Position position) {
    NearPartition told = partitions.get(partition);
    synchronized (told) {
      told.invalidated(key, position);
      values.invalidate(key);
    }
  }

  public void invalidatedTag(int partition, String name, Position position) {
    NearPartition told = tagPartitions.get(partition);
    synchronized (told) {
      told.invalidated(name, position);
    }
  }

  /** A new epoch, or a new generation of the cache. */
  public void raised(int partition, Position position) {
    NearPartition told = partitions.get(partition);
    synchronized (told) {
      told.raised(position);
      lives.set(partition, told.life());
    }
  }

  /** A new epoch, or a new generation of a group of tags. */
  public void raisedTags(int partition, Position position) {
    NearPartition told = tagPartitions.get(partition);
    synchronized (told) {
      told.raised(position);
    }
  }

  /** Records of the partition were missed. */
  public void lost(int partition) {
    NearPartition told = partitions.get(partition);
    synchronized (told) {
      told.lost();
      lives.set(partition, told.life());
    }
    NearPartition toldOfTags = tagPartitions.get(partition);
    synchronized (toldOfTags) {
      toldOfTags.lost();
    }
  }

  public void marked(int partition, Watermark mark) {
    for (NearPartition told : List.of(partitions.get(partition), tagPartitions.get(partition))) {
      synchronized (told) {
        told.marked(mark);
      }
    }
  }
}
