package dev.hearth.warmer.run;

import dev.hearth.store.FencedStore;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * A cache as a run sees it.
 *
 * @param ttl longest life of an entry
 * @param stores all of those that hold it and are fenced
 * @param loader empty where the cache has no load query
 */
public record WarmableCache(
    String name, Duration ttl, List<FencedStore> stores, Optional<BatchLoader> loader) {
  public WarmableCache {
    stores = List.copyOf(stores);
  }
}
