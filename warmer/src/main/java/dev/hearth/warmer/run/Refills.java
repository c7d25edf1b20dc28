package dev.hearth.warmer.run;

import dev.hearth.schemas.warmup.WarmupRun.Progress;
import java.time.Duration;
import java.util.List;
import java.util.random.RandomGenerator;

/**
 * Fills a few keys at once, outside of any run, as a run does: leases, then one query, then the
 * fills. One batch at a time uses one connection, so that runs keep the others. For one thread.
 */
public final class Refills {
  private final BatchWarmer warmer;

  /**
   * @param storeTimeout longest wait for a store's answers
   * @param batchKeys most keys of a batch
   * @param random for the lives of entries
   */
  public Refills(Duration storeTimeout, int batchKeys, RandomGenerator random) {
    this.warmer = new BatchWarmer(storeTimeout, new DatabasePace(batchKeys, 1), random);
  }

  /**
   * Fills keys of a cache in its stores; blocks, within the bounds of stores and query. Nothing is
   * filled where the cache has no load query.
   */
  public Progress fill(WarmableCache cache, List<String> keys) throws InterruptedException {
    return cache.loader().isEmpty()
        ? Progress.NONE
        : warmer.warm(cache, cache.loader().get(), keys).progress();
  }
}
