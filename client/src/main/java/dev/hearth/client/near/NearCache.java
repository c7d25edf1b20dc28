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
  private final AtomicLongArray lives;

  /**
   * A value that was kept.
   *
   * @param value empty where the database has no such row
   * @param vouching the value misses no transaction whose commit record ends at or before it
   */
  public record Found<V>(Optional<V> value, Position vouching) {}

  private record Kept<V>(Found<V> found, int partition, long life) {}

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
    this.partitions =
        IntStream.range(0, partitions)
            .mapToObj(partition -> new NearPartition(REMEMBERED, atLeast))
            .toList();
    this.lives = new AtomicLongArray(partitions);
  }

  /** What is kept under a key and has not been taken back. */
  public Optional<Found<V>> find(String key) {
    Kept<V> kept = values.getIfPresent(key);
    return kept == null || kept.life() != lives.get(kept.partition())
        ? Optional.empty()
        : Optional.of(kept.found());
  }

  /** Keeps a value, unless something that it may miss has been told already. */
  public void offer(int partition, String key, Found<V> found) {
    NearPartition told = partitions.get(partition);
    // With the lock, or an invalidation could come between the decision and the deed.
    synchronized (told) {
      OptionalLong life = told.admit(key, found.vouching());
      if (life.isPresent()) {
        values.put(key, new Kept<>(found, partition, life.getAsLong()));
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

  /** A new epoch or generation. */
  public void raised(int partition, Position position) {
    NearPartition told = partitions.get(partition);
    synchronized (told) {
      told.raised(position);
      lives.set(partition, told.life());
    }
  }

  /** Records of the partition were missed. */
  public void lost(int partition) {
    NearPartition told = partitions.get(partition);
    synchronized (told) {
      told.lost();
      lives.set(partition, told.life());
    }
  }

  public void marked(int partition, Watermark mark) {
    NearPartition told = partitions.get(partition);
    synchronized (told) {
      told.marked(mark);
    }
  }
}
