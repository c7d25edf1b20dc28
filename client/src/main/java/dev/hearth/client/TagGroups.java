package dev.hearth.client;

import dev.hearth.store.CacheKey;
import dev.hearth.store.FencedProtocol;
import java.time.Duration;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.DoubleSupplier;

/** The groups of tags that a cache's entries may depend on. Immutable. */
final class TagGroups {
  private static final Comparator<CacheKey> ORDER =
      Comparator.comparing(CacheKey::cache).thenComparing(CacheKey::key);

  private final String cache;
  private final Map<String, TimeToLive> lives = new TreeMap<>();
  private final DoubleSupplier random;

  /**
   * Names what is out of range.
   *
   * @param ttls of the tags of each group
   */
  TagGroups(String cache, Map<String, Duration> ttls, double jitterShare, DoubleSupplier random) {
    this.cache = cache;
    this.random = random;
    ttls.forEach(
        (group, ttl) -> {
          if (group.equals(cache)) {
            throw new IllegalArgumentException(
                "cache "
                    + cache
                    + " names itself as a group of tags; tags are a group of their own");
          }
          lives.put(group, new TimeToLive(ttl, ttl, jitterShare));
        });
  }

  Set<String> names() {
    return lives.keySet();
  }

  /**
   * The tags in the order that all readers keep, each once.
   *
   * @throws IllegalArgumentException for a group that the cache does not know, and for too many
   */
  TaggedKey of(CacheKey key, Collection<Tag> tags) {
    if (tags.isEmpty()) {
      return new TaggedKey(key, List.of());
    }
    List<CacheKey> sorted = tags.stream().map(Tag::cacheKey).distinct().sorted(ORDER).toList();
    for (CacheKey tag : sorted) {
      if (!lives.containsKey(tag.cache())) {
        throw new IllegalArgumentException(
            "cache "
                + cache
                + " is read with tag \""
                + tag
                + "\" of group "
                + tag.cache()
                + (lives.isEmpty()
                    ? ", and knows no groups"
                    : "; expected one of " + String.join(", ", lives.keySet()))
                + ". Name the group to the cache's builder with tags(\""
                + tag.cache()
                + "\", ...)");
      }
    }
    if (sorted.size() > FencedProtocol.MOST_TAGS) {
      throw new IllegalArgumentException(
          "cache "
              + cache
              + " is read with "
              + sorted.size()
              + " tags for key \""
              + key
              + "\"; expected "
              + FencedProtocol.MOST_TAGS
              + " at most: name a group of rows by one tag, not each row by its own");
    }
    return new TaggedKey(key, sorted);
  }

  /** How long a tag that is created now is to live. */
  Duration lifeOf(CacheKey tag) {
    return Objects.requireNonNull(lives.get(tag.cache())).of(false, random.getAsDouble());
  }
}
