package dev.hearth.warmer;

import dev.hearth.schemas.access.HotKeys;
import dev.hearth.schemas.warmup.WarmupRequest;
import dev.hearth.store.FencedStore;
import dev.hearth.warmer.heat.HotKeysView;
import dev.hearth.warmer.plan.Candidates;
import dev.hearth.warmer.plan.LeftOut;
import dev.hearth.warmer.plan.WarmupPlan;
import dev.hearth.warmer.run.PlanningException;
import dev.hearth.warmer.run.RunPlan;
import dev.hearth.warmer.run.WarmKeys;
import dev.hearth.warmer.run.WarmableCache;
import dev.hearth.warmer.trigger.PlanAnswer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Hot keys and what the stores hold, to plans. Thread-safe. */
final class Plans {
  private static final Duration LONGEST_WAIT_FOR_HOT_KEYS = Duration.ofSeconds(20);

  private final HotKeysView hotKeys;
  private final Map<String, WarmerSettings.Cache> caches;
  private final Map<String, WarmableCache> warmable;
  private final Duration storeTimeout;

  Plans(
      HotKeysView hotKeys,
      Map<String, WarmerSettings.Cache> caches,
      List<WarmableCache> warmable,
      Duration storeTimeout) {
    this.hotKeys = hotKeys;
    this.caches = caches;
    this.warmable = new HashMap<>();
    warmable.forEach(each -> this.warmable.put(each.name(), each));
    this.storeTimeout = storeTimeout;
  }

  /** As the runner wants it. */
  RunPlan run(WarmupRequest request) throws InterruptedException, PlanningException {
    WarmupPlan plan = plan(request);
    Map<String, Integer> leftOut = new HashMap<>();
    plan.leftOut().stream()
        .filter(each -> each.reason() != LeftOut.Reason.ALREADY_WARM)
        .forEach(each -> leftOut.put(each.reason().label(), each.keys()));
    return new RunPlan(
        plan.keys(), plan.leftOut(LeftOut.Reason.ALREADY_WARM), leftOut, plan.expectedBytes());
  }

  /** As people want it. */
  PlanAnswer explain(WarmupRequest request) throws InterruptedException, PlanningException {
    WarmupPlan plan = plan(request);
    return new PlanAnswer(
        request.cache(),
        plan.keys().size(),
        plan.keys().subList(0, Math.min(PlanAnswer.MOST_LISTED, plan.keys().size())),
        plan.leftOut().stream()
            .map(
                each ->
                    new PlanAnswer.LeftOut(
                        each.reason().label(),
                        each.reason().sentence(),
                        each.keys(),
                        each.examples()))
            .toList(),
        plan.expectedBytes(),
        plan.expectedLoadMicros() / 1_000.0);
  }

  private WarmupPlan plan(WarmupRequest request) throws InterruptedException, PlanningException {
    if (!hotKeys.awaitCaughtUp(LONGEST_WAIT_FOR_HOT_KEYS)) {
      throw new PlanningException(
          "it is not known what is hot: the topic of hot keys was not read within "
              + LONGEST_WAIT_FOR_HOT_KEYS.toSeconds()
              + " s; ask again when Kafka answers");
    }
    WarmerSettings.Cache cache = caches.get(request.cache());
    Optional<HotKeys> hot = hotKeys.of(request.cache());
    if (cache == null || hot.isEmpty()) {
      return WarmupPlan.EMPTY;
    }
    Candidates candidates = Candidates.of(hot.get(), request, cache.key());
    WarmableCache where = warmable.get(request.cache());
    List<FencedStore> stores = where == null ? new ArrayList<>() : where.stores();
    return candidates.plan(WarmKeys.among(cache.name(), stores, candidates.keys(), storeTimeout));
  }
}
