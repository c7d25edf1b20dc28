package dev.hearth.warmer.trigger;

import dev.hearth.chassis.config.HearthConfig;
import dev.hearth.chassis.metrics.Metric;
import dev.hearth.chassis.metrics.Metrics;
import dev.hearth.schemas.warmup.WarmupRun;
import dev.hearth.store.CacheKey;
import dev.hearth.store.FencedStore;
import dev.hearth.store.ReadOutcome;
import dev.hearth.store.Value;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.IntStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks at the probes of all caches that are to be warmed when they are found cold, and starts
 * their plans. A probe is read and filled through the fence as every entry is. Looks on a thread of
 * its own; {@link #start} and {@link #close} are for any.
 */
public final class ColdStores implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(ColdStores.class);
  private static final String TRIGGER = "cold_store";

  /** Spread over the slots of a cluster by their names. */
  static final int PROBES = 16;

  private static final Duration LIFE = Duration.ofHours(1);
  private static final Duration LONGEST_LOOK = Duration.ofSeconds(5);
  private static final Value NOTE =
      Value.of("a probe of Hearth's warmer".getBytes(StandardCharsets.UTF_8));

  private final String prefix;
  private final PlanStarter plans;
  private final Metrics metrics;
  private final Clock clock;
  private final TurnLoop loop;

  private record Watched(String cache, FencedStore store, ColdWatch watch, Set<String> plans) {}

  /**
   * A cache to look after.
   *
   * @param stores that hold it and are fenced
   * @param plans to start when it is cold in one of them
   */
  public record Cache(String name, List<FencedStore> stores, Set<String> plans) {
    /** Keeps copies. */
    public Cache {
      stores = List.copyOf(stores);
      plans = Set.copyOf(plans);
    }
  }

  /**
   * Looks after caches.
   *
   * @param prefix of the installation, for the keys of the probes
   * @param turn time between two looks, above zero
   * @param heartbeat called before every look at a store
   */
  public ColdStores(
      String prefix,
      List<Cache> caches,
      PlanStarter plans,
      Metrics metrics,
      Clock clock,
      Duration turn,
      Runnable heartbeat) {
    this.prefix = prefix;
    this.plans = plans;
    this.metrics = metrics;
    this.clock = clock;
    List<TurnLoop.Step> looks = new ArrayList<>();
    for (Cache cache : caches) {
      for (FencedStore store : cache.stores()) {
        Watched each =
            new Watched(
                cache.name(),
                store,
                new ColdWatch(cache.name(), store.name(), PROBES),
                cache.plans());
        looks.add(
            new TurnLoop.Step(
                "cache " + cache.name() + " in store " + store.name(), () -> look(each)));
      }
    }
    this.loop = new TurnLoop("cold-stores", looks, turn, heartbeat);
  }

  /** Begins; returns at once. */
  public void start() {
    loop.start();
  }

  @Override
  public void close() {
    loop.close();
  }

  private void look(Watched each) throws InterruptedException {
    List<CompletableFuture<ColdWatch.Look>> asked =
        IntStream.range(0, PROBES).mapToObj(n -> probe(each, n)).toList();
    try {
      CompletableFuture.allOf(asked.toArray(CompletableFuture<?>[]::new))
          .get(LONGEST_LOOK.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException | TimeoutException e) {
      // Each answer is looked at by itself.
    }
    List<ColdWatch.Look> looks =
        asked.stream()
            .map(
                look ->
                    look.isDone() && !look.isCompletedExceptionally()
                        ? look.join()
                        : ColdWatch.Look.NOTHING)
            .toList();
    each.watch()
        .look(looks, each.store().members(), clock.instant())
        .ifPresent(reason -> warm(each, reason));
  }

  /** Reads one probe, and puts it back where it is missing. */
  private CompletableFuture<ColdWatch.Look> probe(Watched each, int number) {
    CacheKey key = new CacheKey(each.cache(), prefix + ":probe:" + each.cache() + ":" + number);
    return each.store()
        .get(key)
        .thenCompose(
            outcome -> {
              if (outcome instanceof ReadOutcome.Hit hit) {
                return CompletableFuture.completedStage(
                    new ColdWatch.Look(Optional.of(hit.era()), true));
              }
              if (outcome instanceof ReadOutcome.Granted granted) {
                ColdWatch.Look absent =
                    new ColdWatch.Look(Optional.of(granted.lease().era()), false);
                return each.store()
                    .fill(key, granted.lease(), NOTE, LIFE)
                    .handle((filled, failure) -> absent);
              }
              return CompletableFuture.completedStage(ColdWatch.Look.NOTHING);
            })
        .toCompletableFuture();
  }

  private void warm(Watched each, String reason) {
    List<String> refusals = new ArrayList<>();
    boolean started = false;
    boolean whole = true;
    for (String plan : new TreeSet<>(each.plans())) {
      PlanStarter.Started answer = plans.start(plan, reason);
      started |= !answer.runs().isEmpty();
      // One that runs already may have passed what was lost since.
      whole &=
          answer.refusals().isEmpty()
              && answer.runs().stream().allMatch(run -> run.state() == WarmupRun.State.QUEUED);
      refusals.addAll(answer.refusals());
    }
    if (!whole) {
      each.watch().again(reason, clock.instant());
    }
    metrics.counter(Metric.TRIGGERS, TRIGGER, started ? "started" : "refused").increment();
    if (started) {
      log.info(
          "cache is cold, warming it cache={} store={} why={}",
          each.cache(),
          each.store().name(),
          reason);
    } else {
      log.warn(
          "cache is cold, and no run was made cache={} store={} why={} refusals={}",
          each.cache(),
          each.store().name(),
          reason,
          String.join("; ", refusals));
    }
  }

  /** Plans by the caches that they warm, of those that start at a cold store. */
  public static Map<String, Set<String>> plansByCache(Map<String, HearthConfig.Warmup> plans) {
    Map<String, Set<String>> byCache = new LinkedHashMap<>();
    plans.forEach(
        (name, plan) -> {
          if (plan.onColdStore()) {
            plan.caches()
                .forEach(
                    cache -> byCache.computeIfAbsent(cache, none -> new TreeSet<>()).add(name));
          }
        });
    return byCache;
  }
}
