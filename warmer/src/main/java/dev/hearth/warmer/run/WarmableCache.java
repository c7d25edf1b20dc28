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
 * @param loader empty where the cache has no load query; shared by all that load it
 */
public record WarmableCache(
    String name, Duration ttl, List<FencedStore> stores, Optional<BatchLoader> loader) {
  public WarmableCache {
    stores = List.copyOf(stores);
  }

  /**
   * The same, with a load query that is left alone for a while once it failed or was slow three
   * times in a row, whoever asks.
   */
  public WarmableCache sparing(RunnerSettings settings) {
    return new WarmableCache(
        name,
        ttl,
        stores,
        loader.map(
            each -> new LoadBreaker(name, each, settings.slowLoad(), settings.breakerRest())));
  }
}
