package dev.hearth.warmer;

import dev.hearth.chassis.config.CronSchedule;
import dev.hearth.chassis.config.HearthConfig;
import dev.hearth.chassis.config.Secret;
import dev.hearth.chassis.http.ProblemDetail;
import dev.hearth.chassis.http.ProblemException;
import dev.hearth.chassis.http.Routes;
import dev.hearth.chassis.metrics.Metrics;
import dev.hearth.schemas.warmup.WarmupRequest;
import dev.hearth.schemas.warmup.WarmupRun;
import dev.hearth.store.FencedStore;
import dev.hearth.warmer.heat.HotKeysView;
import dev.hearth.warmer.refresh.RefreshFill;
import dev.hearth.warmer.refresh.Refresher;
import dev.hearth.warmer.run.Submission;
import dev.hearth.warmer.trigger.Claims;
import dev.hearth.warmer.trigger.ColdStores;
import dev.hearth.warmer.trigger.HookRoutes;
import dev.hearth.warmer.trigger.KafkaClaims;
import dev.hearth.warmer.trigger.PlanStarter;
import dev.hearth.warmer.trigger.Schedules;
import dev.hearth.warmer.trigger.WarmupCommands;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What asks for runs beside {@code /v1/warmups}: webhooks, commands, schedules, cold stores; and
 * what fills hot keys again after a change. Thread-safe.
 */
final class Triggers implements PlanStarter {
  private static final Duration TURN = Duration.ofSeconds(1);

  private final WarmerSettings settings;
  private final Map<String, HearthConfig.Warmup> plans;
  private final Map<String, FencedStore> stores;
  private final Function<WarmupRequest, Submission> submit;
  private final Metrics metrics;
  private final Clock clock;
  private volatile @Nullable KafkaClaims claims;

  Triggers(
      WarmerSettings settings,
      Map<String, FencedStore> stores,
      Function<WarmupRequest, Submission> submit,
      Metrics metrics,
      Clock clock) {
    this.settings = settings;
    this.plans = settings.triggers().plans();
    this.stores = stores;
    this.submit = submit;
    this.metrics = metrics;
    this.clock = clock;
  }

  /** The route of webhooks; before the start it answers 503 to what is signed. */
  Routes routes() {
    HearthConfig.Hooks hooks = settings.triggers().hooks();
    return new HookRoutes(
        Optional.ofNullable(hooks.secret()).map(Secret::reveal),
        hooks.tolerance(),
        this,
        new Claims() {
          @Override
          public Outcome claim(String trigger) {
            return started().claim(trigger);
          }

          @Override
          public boolean isTaken(String trigger) {
            return started().isTaken(trigger);
          }

          @Override
          public void release(String trigger) {
            started().release(trigger);
          }
        },
        metrics,
        clock);
  }

  /**
   * Starts what the configuration asks for.
   *
   * @param opened gets what is to be closed, the last first
   * @param heartbeats makes one for a loop of this name
   */
  void open(
      Deque<AutoCloseable> opened,
      Function<String, Runnable> heartbeats,
      HotKeysView hotKeys,
      RefreshFill refill) {
    KafkaClaims each =
        new KafkaClaims(
            settings.topics().triggerClaims(),
            settings.kafka(),
            clock,
            heartbeats.apply("trigger-claims"));
    opened.push(each);
    each.start();
    claims = each;
    WarmupCommands commands =
        new WarmupCommands(
            settings.topics(),
            settings.kafka(),
            this,
            warmable(),
            each,
            metrics,
            clock,
            heartbeats.apply("warmup-commands"));
    opened.push(commands);
    commands.start();
    openSchedules(opened, heartbeats, each);
    openColdStores(opened, heartbeats);
    openRefresher(opened, heartbeats, hotKeys, refill);
  }

  private void openSchedules(
      Deque<AutoCloseable> opened, Function<String, Runnable> heartbeats, Claims each) {
    Map<String, CronSchedule> schedules = new LinkedHashMap<>();
    plans.forEach((name, plan) -> plan.cron().ifPresent(cron -> schedules.put(name, cron)));
    if (!schedules.isEmpty()) {
      Schedules running =
          new Schedules(schedules, this, each, metrics, clock, TURN, heartbeats.apply("schedules"));
      opened.push(running);
      running.start();
    }
  }

  private void openColdStores(Deque<AutoCloseable> opened, Function<String, Runnable> heartbeats) {
    List<ColdStores.Cache> watched = new ArrayList<>();
    ColdStores.plansByCache(plans)
        .forEach(
            (name, names) -> watched.add(new ColdStores.Cache(name, fencedStores(name), names)));
    if (!watched.isEmpty()) {
      ColdStores running =
          new ColdStores(
              settings.topics().prefix(),
              watched,
              this,
              metrics,
              clock,
              TURN,
              heartbeats.apply("cold-stores"));
      opened.push(running);
      running.start();
    }
  }

  private void openRefresher(
      Deque<AutoCloseable> opened,
      Function<String, Runnable> heartbeats,
      HotKeysView hotKeys,
      RefreshFill refill) {
    Map<String, List<String>> refreshed =
        settings.triggers().refreshed().stream()
            .collect(
                Collectors.toMap(
                    Function.identity(),
                    name -> fencedStores(name).stream().map(FencedStore::name).toList()));
    if (!refreshed.isEmpty()) {
      Refresher running =
          new Refresher(
              settings.topics(),
              settings.kafka(),
              refreshed,
              hotKeys::of,
              refill,
              metrics,
              clock,
              heartbeats.apply("refresh"));
      opened.push(running);
      running.start();
    }
  }

  @Override
  public Set<String> plans() {
    return plans.keySet();
  }

  @Override
  public Set<String> plansOf(String environment) {
    return plans.entrySet().stream()
        .filter(plan -> plan.getValue().environments().contains(environment))
        .map(Map.Entry::getKey)
        .collect(Collectors.toUnmodifiableSet());
  }

  @Override
  public Started start(String name, String trigger) {
    HearthConfig.Warmup plan = plans.get(name);
    if (plan == null) {
      throw new IllegalArgumentException("there is no plan " + name);
    }
    WarmupRequest.Budget budget =
        new WarmupRequest.Budget(
            Optional.empty(), Optional.empty(), Optional.of(plan.budget()), Optional.empty());
    return submit(
        plan.caches().stream()
            .map(
                cache ->
                    new WarmupRequest(
                        cache,
                        plan.top(),
                        WarmupRequest.Order.valueOf(plan.by().name()),
                        budget,
                        Optional.empty(),
                        trigger))
            .toList());
  }

  @Override
  public Started startCache(String cache, int top, String trigger) {
    return submit(List.of(WarmupRequest.hottest(cache, top, trigger)));
  }

  private Started submit(List<WarmupRequest> requests) {
    List<WarmupRun> runs = new ArrayList<>();
    List<String> refusals = new ArrayList<>();
    for (WarmupRequest request : requests) {
      Submission submission = submit.apply(request);
      if (submission instanceof Submission.Accepted accepted) {
        runs.add(accepted.run());
      } else if (submission instanceof Submission.Refused refused) {
        refusals.add("cache " + request.cache() + ": " + refused.sentence());
      }
    }
    return new Started(runs, refusals);
  }

  private Set<String> warmable() {
    return settings.caches().stream()
        .filter(cache -> cache.isFenced() && cache.load().isPresent())
        .map(WarmerSettings.Cache::name)
        .collect(Collectors.toUnmodifiableSet());
  }

  private List<FencedStore> fencedStores(String cache) {
    return settings.caches().stream()
        .filter(each -> each.name().equals(cache) && each.isFenced())
        .map(WarmerSettings.Cache::stores)
        .flatMap(Collection::stream)
        .map(stores::get)
        .filter(Objects::nonNull)
        .toList();
  }

  private Claims started() {
    KafkaClaims running = claims;
    if (running == null) {
      throw new ProblemException(
          ProblemDetail.of(
              503, "Service Unavailable", "The warmer does not run yet; ask again in a moment."));
    }
    return running;
  }
}
