package dev.hearth.warmer;

import dev.hearth.schemas.warmup.WarmupRequest;
import dev.hearth.store.FencedStore;
import dev.hearth.store.standby.EpochHistories;
import dev.hearth.warmer.guard.Answer;
import dev.hearth.warmer.guard.GuardSettings;
import dev.hearth.warmer.guard.StoreGuard;
import dev.hearth.warmer.run.StartCondition;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.sql.DataSource;

/**
 * The guards of the stores as a condition of runs: a run waits for the store that is furthest from
 * fresh, and is refused by the first that has no room.
 */
final class Guards implements StartCondition {
  private final Map<String, List<StoreGuard>> byCache;

  private Guards(Map<String, List<StoreGuard>> byCache) {
    this.byCache = byCache;
  }

  /**
   * @param stores by their names
   * @param partitions of the invalidations
   */
  static Guards of(
      Collection<WarmerSettings.Cache> caches,
      Map<String, FencedStore> stores,
      int partitions,
      DataSource primary,
      EpochHistories histories,
      GuardSettings settings) {
    Map<String, StoreGuard> byStore = new LinkedHashMap<>();
    Map<String, List<StoreGuard>> byCache = new LinkedHashMap<>();
    for (WarmerSettings.Cache cache : caches) {
      if (!cache.isFenced()) {
        continue;
      }
      byCache.put(
          cache.name(),
          cache.stores().stream()
              .filter(stores::containsKey)
              .map(
                  name ->
                      byStore.computeIfAbsent(
                          name,
                          store ->
                              new StoreGuard(
                                  java.util.Objects.requireNonNull(stores.get(store)),
                                  cache.name(),
                                  partitions,
                                  primary,
                                  histories,
                                  settings,
                                  System::nanoTime)))
              .toList());
    }
    return new Guards(byCache);
  }

  @Override
  public synchronized Verdict check(WarmupRequest request, Batch next) {
    Verdict verdict = Verdict.GO;
    for (StoreGuard guard : byCache.getOrDefault(request.cache(), List.of())) {
      Answer answer = guard.check(next.keys(), next.expectedBytes());
      if (answer instanceof Answer.Refuse refuse) {
        return new Verdict.Refuse(refuse.sentence());
      }
      if (answer instanceof Answer.Wait wait && verdict.equals(Verdict.GO)) {
        verdict = new Verdict.Wait(wait.sentence());
      }
    }
    return verdict;
  }
}
