package dev.hearth.warmer.sample;

import dev.hearth.schemas.key.KeyTemplate;
import java.util.List;
import java.util.Optional;

/**
 * A cache whose heat is sampled.
 *
 * @param stores names of those that hold it
 * @param perSecond keys to look at in each of them, above zero
 */
public record SampledCache(String name, KeyTemplate key, List<String> stores, double perSecond) {
  public SampledCache {
    stores = List.copyOf(stores);
  }

  /** The cache of a list that a key is of; the first where it could be of several. */
  static Optional<String> of(List<SampledCache> caches, String key) {
    return caches.stream()
        .filter(cache -> cache.key().matches(key))
        .map(SampledCache::name)
        .findFirst();
  }
}
