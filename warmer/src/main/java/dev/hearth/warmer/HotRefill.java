package dev.hearth.warmer;

import dev.hearth.schemas.warmup.WarmupRun.Progress;
import dev.hearth.warmer.refresh.RefreshFill;
import dev.hearth.warmer.run.Pauses;
import dev.hearth.warmer.run.Refills;
import dev.hearth.warmer.run.WarmableCache;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;

/** Fills hot keys again in one store; a cache that is paused stays as it is. Thread-safe. */
final class HotRefill implements RefreshFill {
  private final Map<String, WarmableCache> caches;
  private final Refills refills;
  private final Pauses pauses;

  HotRefill(List<WarmableCache> caches, Refills refills, Pauses pauses) {
    this.caches =
        caches.stream()
            .collect(Collectors.toUnmodifiableMap(WarmableCache::name, Function.identity()));
    this.refills = refills;
    this.pauses = pauses;
  }

  @Override
  public Map<String, Integer> fill(String cache, String store, List<String> keys)
      throws InterruptedException {
    Optional<WarmableCache> only = only(cache, store);
    if (only.isEmpty() || pauses.holds(cache)) {
      return Map.of("dropped", keys.size());
    }
    Progress filled = refills.fill(only.get(), keys);
    return Map.of(
        "stored",
        filled.stored(),
        "already_warm",
        filled.alreadyWarm(),
        "lease_lost",
        filled.leaseLost(),
        "busy",
        filled.busy(),
        "absent",
        filled.absent(),
        "failed",
        filled.failed());
  }

  /** The cache as if it were in one store; empty where it is not in that. */
  private Optional<WarmableCache> only(String cache, String store) {
    return Optional.ofNullable(caches.get(cache))
        .flatMap(
            of ->
                of.stores().stream()
                    .filter(each -> each.name().equals(store))
                    .findFirst()
                    .map(each -> new WarmableCache(cache, of.ttl(), List.of(each), of.loader())));
  }
}
