package dev.hearth.warmer;

import dev.hearth.chassis.Component;
import dev.hearth.chassis.StartupException;
import dev.hearth.chassis.health.Health;
import dev.hearth.chassis.health.Readiness;
import dev.hearth.chassis.http.ProblemDetail;
import dev.hearth.chassis.http.ProblemException;
import dev.hearth.chassis.http.Routes;
import dev.hearth.chassis.metrics.Metrics;
import dev.hearth.schemas.access.HotKeys;
import dev.hearth.schemas.audit.AuditVerdict;
import dev.hearth.schemas.topic.Topics;
import dev.hearth.schemas.warmup.WarmupRequest;
import dev.hearth.schemas.warmup.WarmupRun;
import dev.hearth.store.FencedStore;
import dev.hearth.warmer.audit.AuditRoutes;
import dev.hearth.warmer.audit.AuditRuns;
import dev.hearth.warmer.audit.VerdictPublisher;
import dev.hearth.warmer.guard.GuardSettings;
import dev.hearth.warmer.heat.HotKeysView;
import dev.hearth.warmer.run.HitRatios;
import dev.hearth.warmer.run.KafkaHitRatios;
import dev.hearth.warmer.run.KafkaPauseJournal;
import dev.hearth.warmer.run.KafkaRunClaim;
import dev.hearth.warmer.run.KafkaRunJournal;
import dev.hearth.warmer.run.Pauses;
import dev.hearth.warmer.run.Refills;
import dev.hearth.warmer.run.StartCondition;
import dev.hearth.warmer.run.Submission;
import dev.hearth.warmer.run.WarmableCache;
import dev.hearth.warmer.run.WarmupRunner;
import dev.hearth.warmer.trigger.PauseRoutes;
import dev.hearth.warmer.trigger.WarmupCommands;
import dev.hearth.warmer.trigger.WarmupRoutes;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The warmer: accesses to heat, heat to hot keys, hot keys to plans, plans through the fence into
 * the stores; and the audit. Everything that it opens, it opens at its start. What is asked of it
 * is for any thread.
 */
public final class Warmer implements Component {
  private static final Logger log = LoggerFactory.getLogger(Warmer.class);
  private static final Duration LONGEST_LOOP_TURN = Duration.ofMinutes(2);

  private final WarmerSettings settings;
  private final Map<String, FencedStore> stores;
  private final Metrics metrics;
  private final Health health;
  private final Clock clock;
  private final Map<String, WarmerSettings.Cache> caches;
  private final LoadQueries queries;
  private final Triggers triggers;
  private final Deque<AutoCloseable> opened = new ArrayDeque<>();
  private volatile @Nullable Rooms rooms;

  /** What runs between start and close. */
  private record Rooms(
      HotKeysView hotKeys,
      WarmupRunner runner,
      Plans plans,
      HitRatios hitRatios,
      Pauses pauses,
      Audits audits,
      VerdictPublisher verdicts,
      AuditRuns auditRuns) {}

  /**
   * Checks the settings; opens nothing yet.
   *
   * @param stores by their names in the configuration; they stay the caller's to close
   * @throws StartupException if a load query cannot be used, one line for each
   */
  public Warmer(
      WarmerSettings settings,
      Map<String, FencedStore> stores,
      Metrics metrics,
      Health health,
      Clock clock) {
    this.settings = settings;
    this.stores = Map.copyOf(stores);
    this.metrics = metrics;
    this.health = health;
    this.clock = clock;
    this.caches =
        settings.caches().stream()
            .collect(
                Collectors.toMap(
                    WarmerSettings.Cache::name,
                    Function.identity(),
                    (one, other) -> one,
                    LinkedHashMap::new));
    this.queries = LoadQueries.of(settings);
    if (!queries.problems().isEmpty()) {
      throw new StartupException(String.join("\n", queries.problems()), 2);
    }
    this.triggers = new Triggers(settings, this.stores, this::submit, metrics, clock);
  }

  /** What is wrong with the load queries, one sentence each with its path; for {@code validate}. */
  public static List<String> problems(WarmerSettings settings) {
    return LoadQueries.of(settings).problems();
  }

  /**
   * What of the load queries does not fit the primary, which is asked to prepare them.
   *
   * @return one sentence each, with its place in front, such as {@code caches.product.load: ...}
   */
  public static List<String> liveProblems(WarmerSettings settings) {
    return LoadQueries.of(settings).liveProblems(settings);
  }

  /** Topics that this service keeps for itself, beside those of {@link Topics}. */
  public static Set<String> ownTopics(Topics topics) {
    return HeatStream.ownTopics(topics);
  }

  /** Consumer groups of this service. */
  public static Set<String> groups(Topics topics) {
    return Set.of(HeatStream.group(topics), runs(topics), WarmupCommands.group(topics));
  }

  private static String runs(Topics topics) {
    return topics.prefix() + "-warmup-runs";
  }

  @Override
  public String name() {
    return "warmer";
  }

  @Override
  public void start() {
    try {
      rooms = open();
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  /** The wiring, in the order in which data passes. */
  private Rooms open() {
    HeatStream heat = new HeatStream(settings, caches.values(), metrics);
    opened.push(heat);
    health.readiness("heat", heat::readiness);

    HotKeysView hotKeys =
        new HotKeysView(
            settings.topics().hotKeys(), settings.kafka(), caches.keySet(), heartbeat("hot-keys"));
    opened.push(hotKeys);

    Loads loads = Loads.open(settings, caches, queries.byCache(), metrics, opened);
    List<WarmableCache> warmable =
        caches.values().stream().map(cache -> warmable(cache, loads)).toList();
    Plans plans = new Plans(hotKeys, caches, warmable, settings.runner().storeTimeout());

    KafkaRunJournal journal = new KafkaRunJournal(settings.topics().warmups(), settings.kafka());
    opened.push(journal);
    KafkaPauseJournal held = new KafkaPauseJournal(settings.topics().pauses(), settings.kafka());
    opened.push(held);
    Pauses pauses = new Pauses(held, clock);
    KafkaHitRatios hitRatios =
        new KafkaHitRatios(settings.topics().accesses(), settings.kafka(), clock);
    opened.push(hitRatios);
    KafkaRunClaim claim =
        new KafkaRunClaim(
            settings.topics().warmups(),
            runs(settings.topics()),
            settings.runner().session(),
            settings.kafka());
    opened.push(claim);
    WarmupRunner runner =
        new WarmupRunner(
            warmable,
            plans::run,
            journal,
            claim,
            pauses,
            List.of(guards(loads)),
            hitRatios,
            settings.runner(),
            metrics,
            clock,
            new Random(),
            () -> UUID.randomUUID().toString(),
            heartbeat("warmup-runner"));
    opened.push(runner);
    health.readiness(
        "warm-ups",
        () ->
            runner.hasTakenUp()
                ? Readiness.ready(PauseRoutes.sentence(pauses.all()))
                : Readiness.notReady(
                    "what runs and what is paused has not been read yet; is Kafka there?"));

    VerdictPublisher verdicts = new VerdictPublisher(settings.topics().audits(), settings.kafka());
    opened.push(verdicts);

    heat.start();
    hotKeys.start();
    hitRatios.start();
    claim.start();
    runner.start();
    Audits audits = new Audits(settings.audit(), caches, stores, loads.loaders(), metrics, clock);
    AuditRuns auditRuns = new AuditRuns(audits.publishing(verdicts), clock);
    opened.push(auditRuns);
    Rooms all = new Rooms(hotKeys, runner, plans, hitRatios, pauses, audits, verdicts, auditRuns);
    // Triggers ask for runs, as soon as they are open.
    rooms = all;
    Refills refills =
        new Refills(settings.runner().storeTimeout(), settings.runner().batchKeys(), new Random());
    triggers.open(opened, this::heartbeat, hotKeys, new HotRefill(warmable, refills, pauses));
    return all;
  }

  /** What every batch of every run waits for. */
  private StartCondition guards(Loads loads) {
    return Guards.of(
        caches.values(),
        stores,
        settings.topics().invalidations().partitions(),
        loads.primary(),
        loads.epochs(),
        GuardSettings.defaults());
  }

  @Override
  public void close() {
    rooms = null;
    while (!opened.isEmpty()) {
      try {
        opened.pop().close();
      } catch (Exception e) {
        log.warn("part of the warmer did not close", e);
      }
    }
  }

  /** The routes to add to the HTTP port; before the start they answer 503. */
  public Routes routes() {
    Routes warmups =
        new WarmupRoutes(
            new WarmupHttp(
                () -> {
                  Rooms running = requireStarted();
                  return new WarmupHttp.Answering(
                      running.runner(), running.plans(), running.hitRatios());
                }),
            cache -> requireStarted().hotKeys().of(cache),
            caches.keySet());
    Routes pauses =
        new PauseRoutes(new PauseHttp(() -> requireStarted().pauses()), caches.keySet());
    Routes audits =
        new AuditRoutes(() -> requireStarted().auditRuns(), Audits.audited(caches.values()));
    Routes hooks = triggers.routes();
    return routes -> {
      warmups.register(routes);
      pauses.register(routes);
      audits.register(routes);
      hooks.register(routes);
    };
  }

  /** Asks for a run; see {@link WarmupRunner#submit}. */
  public Submission submit(WarmupRequest request) {
    return requireStarted().runner().submit(request);
  }

  /** A run that waits, runs, or ended not long ago. */
  public Optional<WarmupRun> find(String id) {
    return requireStarted().runner().find(id);
  }

  /** The latest hot keys of a cache; empty before any were published. */
  public Optional<HotKeys> hotKeys(String cache) {
    return requireStarted().hotKeys().of(cache);
  }

  /**
   * Compares a cache in one store with the primary, publishes the verdict and returns it. Blocks
   * for as long as it takes.
   *
   * @param sample which keys to compare
   * @throws IllegalArgumentException if there is no such cache with a load query, or no such store
   * @throws IllegalStateException if the store or Kafka does not answer
   */
  public AuditVerdict audit(String cache, String store, Predicate<String> sample)
      throws InterruptedException {
    Rooms running = requireStarted();
    AuditVerdict verdict = running.audits().audit(cache, store, sample);
    running.verdicts().publish(verdict);
    return verdict;
  }

  private WarmableCache warmable(WarmerSettings.Cache cache, Loads loads) {
    List<FencedStore> fenced =
        cache.isFenced()
            ? cache.stores().stream().map(stores::get).filter(Objects::nonNull).toList()
            : List.of();
    return new WarmableCache(cache.name(), cache.ttl(), fenced, loads.batches(cache.name()))
        .sparing(settings.runner());
  }

  private Rooms requireStarted() {
    Rooms running = rooms;
    if (running == null) {
      throw new ProblemException(
          ProblemDetail.of(
              503, "Service Unavailable", "The warmer does not run yet; ask again in a moment."));
    }
    return running;
  }

  private Runnable heartbeat(String loop) {
    var heartbeat = health.heartbeat(loop, LONGEST_LOOP_TURN);
    opened.push(heartbeat);
    return heartbeat::beat;
  }
}
