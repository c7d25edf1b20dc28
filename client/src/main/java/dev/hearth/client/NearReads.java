package dev.hearth.client;

import dev.hearth.client.CacheMeters.Near;
import dev.hearth.client.feed.Evidence;
import dev.hearth.client.feed.InvalidationFeed;
import dev.hearth.client.near.NearCache;
import dev.hearth.client.near.NearCache.Found;
import dev.hearth.schemas.invalidation.Invalidation;
import dev.hearth.schemas.position.EpochRaised;
import dev.hearth.schemas.position.GenerationRaised;
import dev.hearth.schemas.position.Position;
import dev.hearth.schemas.position.Watermark;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiPredicate;

/**
 * The near cache of one cache, fed by the stream, and asked only while the stream is young enough.
 * Thread-safe.
 *
 * @param <V> what is cached
 */
final class NearReads<V> {
  private final InvalidationFeed feed;
  private final NearCache<V> values;
  private final Duration bound;
  private final CacheMeters meters;

  private NearReads(
      InvalidationFeed feed, NearCache<V> values, Duration bound, CacheMeters meters) {
    this.feed = feed;
    this.values = values;
    this.bound = bound;
    this.meters = meters;
  }

  static <V> NearReads<V> begin(
      String cache,
      InvalidationFeed feed,
      NearSettings settings,
      Set<String> tagGroups,
      BiPredicate<Position, Position> atLeast,
      CacheMeters meters) {
    NearCache<V> values =
        new NearCache<>(feed.partitions(), settings.entries(), settings.ttl(), atLeast);
    feed.subscribe(new Told(cache, tagGroups, values));
    return new NearReads<>(feed, values, settings.bound(), meters);
  }

  /** The value, where the stream vouches for it as freshly as is asked. */
  Optional<Found<V>> find(TaggedKey key, Freshness asked) {
    List<NearCache.Tag> tags = nearTags(key);
    // What vouches is read before the value: an invalidation in between takes the value away.
    Evidence heard = feed.heard(feed.partitionOf(key.key().key()));
    for (NearCache.Tag tag : tags) {
      heard = heard.orOlder(feed.heard(tag.partition()));
    }
    Optional<Found<V>> found = values.find(key.key().key(), tags);
    if (found.isEmpty()) {
      meters.near(Near.MISS);
      return found;
    }
    if (!Doubt.isWithin(bound, heard)
        || Doubt.of(asked, heard.and(found.get().vouching())).isPresent()) {
      meters.near(Near.DOUBT);
      return Optional.empty();
    }
    meters.near(Near.HIT);
    return found;
  }

  /**
   * Keeps a value, unless something that it may miss has been told already.
   *
   * @param vouching the value misses no transaction whose commit record ends at or before it
   */
  void offer(TaggedKey key, Optional<V> value, Position vouching) {
    String name = key.key().key();
    values.offer(feed.partitionOf(name), name, new Found<>(value, vouching, nearTags(key)));
  }

  private List<NearCache.Tag> nearTags(TaggedKey key) {
    return key.tags().stream()
        .map(tag -> new NearCache.Tag(feed.partitionOf(tag.key()), tagName(tag.cache(), tag.key())))
        .toList();
  }

  /** A slash is in no group's name. */
  private static String tagName(String group, String key) {
    return group + "/" + key;
  }

  /** What concerns one cache. */
  private record Told(String cache, Set<String> tagGroups, NearCache<?> values)
      implements InvalidationFeed.Listener {
    @Override
    public void invalidated(int partition, Invalidation invalidation) {
      if (invalidation.cache().equals(cache)) {
        values.invalidated(partition, invalidation.key(), invalidation.position());
      } else if (tagGroups.contains(invalidation.cache())) {
        values.invalidatedTag(
            partition, tagName(invalidation.cache(), invalidation.key()), invalidation.position());
      }
    }

    @Override
    public void raised(int partition, EpochRaised epoch) {
      values.raised(partition, epoch.position());
      values.raisedTags(partition, epoch.position());
    }

    @Override
    public void raised(int partition, GenerationRaised generation) {
      if (generation.cache().equals(cache)) {
        values.raised(partition, generation.position());
      } else if (tagGroups.contains(generation.cache())) {
        values.raisedTags(partition, generation.position());
      }
    }

    @Override
    public void marked(int partition, Watermark mark) {
      values.marked(partition, mark);
    }

    @Override
    public void lost(int partition) {
      values.lost(partition);
    }
  }
}
