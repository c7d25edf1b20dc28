package dev.hearth.cli.shop.demo;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.hearth.chassis.config.HearthConfig;
import dev.hearth.chassis.metrics.LagSnapshot;
import dev.hearth.chassis.metrics.LagTimer;
import dev.hearth.chassis.metrics.Metrics;
import dev.hearth.chassis.metrics.Phase;
import dev.hearth.client.WriteToken;
import dev.hearth.client.access.BufferedAccessRecorder;
import dev.hearth.client.access.KafkaAccessSink;
import dev.hearth.sandbox.Wait;
import dev.hearth.schemas.audit.AuditVerdict;
import dev.hearth.schemas.key.KeyTemplate;
import dev.hearth.schemas.topic.Topics;
import dev.hearth.schemas.warmup.WarmupRequest;
import dev.hearth.schemas.warmup.WarmupRun;
import dev.hearth.store.CacheKey;
import dev.hearth.store.FencedStore;
import dev.hearth.warmer.Warmer;
import dev.hearth.warmer.load.LoadQuery;
import dev.hearth.warmer.load.RowLoader;
import dev.hearth.warmer.run.Submission;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Traffic against a pipeline that runs, a warm-up in the middle, and an audit at the end. */
public final class Demo {
  private static final Logger LOG = LoggerFactory.getLogger(Demo.class);
  private static final String CACHE = "product";
  private static final int WARM_TOP = 2_000;
  private static final Duration FIRST_WARM_UP = Duration.ofSeconds(8);

  /** Before it, lags tell of class loading and of the compiler. */
  private static final Duration COLD = Duration.ofSeconds(10);

  private static final Duration DELIVERY_BOUND = Duration.ofSeconds(60);
  private static final int KEYS_OF_ALL_PARTITIONS = 100;

  private final HearthConfig config;
  private final Warmer warmer;
  private final Metrics metrics;
  private final Map<String, FencedStore> stores;
  private final Screen screen;
  private final Load load;
  private LagTimer.@Nullable Mark steady;

  /**
   * How much traffic.
   *
   * @param readsPerSecond 0 or more
   * @param writesPerSecond 0 or more
   */
  public record Load(int readsPerSecond, int writesPerSecond) {}

  public Demo(
      HearthConfig config,
      Warmer warmer,
      Metrics metrics,
      Map<String, FencedStore> stores,
      Screen screen,
      Load load) {
    this.config = config;
    this.warmer = warmer;
    this.metrics = metrics;
    this.stores = stores;
    this.screen = screen;
    this.load = load;
  }

  /**
   * Runs until the time is over or somebody stops it, then audits every cached entry.
   *
   * @param length how long; empty means until {@code stop}
   * @param startupSeconds to be told in the outcome
   */
  public Outcome run(Optional<Duration> length, CountDownLatch stop, double startupSeconds)
      throws InterruptedException {
    HearthConfig.Cache cache = config.caches().get(CACHE);
    if (cache == null || cache.load() == null) {
      throw new IllegalStateException("the demo's configuration lacks cache " + CACHE);
    }
    KeyTemplate key = KeyTemplate.parse(cache.key());
    AtomicLong warmed = new AtomicLong();
    Topics topics = new Topics(config.kafka().topicPrefix());
    try (HikariDataSource database = database();
        KafkaAccessSink sink =
            KafkaAccessSink.connect(
                config.kafka().bootstrapServers(), topics, Map.of(), metrics.registry());
        BufferedAccessRecorder recorder =
            BufferedAccessRecorder.start("demo", sink, BufferedAccessRecorder.Options.defaults())) {
      Traffic traffic =
          new Traffic(
              stores.values(),
              new RowLoader(database, LoadQuery.parse(cache.load(), key), key),
              database,
              recorder,
              metrics.registry(),
              load.readsPerSecond(),
              load.writesPerSecond());
      traffic.start();
      watch(traffic, length, stop, warmed);
      screen.endLine();
      traffic.close();
      awaitDelivery(database);
      return outcome(traffic, warmed.get(), startupSeconds);
    }
  }

  /** An invalidation that is still under way leaves no stale entry; one that never comes does. */
  private void awaitDelivery(HikariDataSource database) {
    screen.status("waiting until the stores have what was written ...");
    try (Connection connection = database.getConnection()) {
      long written = WriteToken.after(connection).lsn();
      if (!Wait.until(DELIVERY_BOUND, () -> isDelivered(written))) {
        screen.say("the stores lag more than " + DELIVERY_BOUND.toSeconds() + " s behind");
      }
    } catch (SQLException e) {
      LOG.warn("how far the database is cannot be told, so the audit begins at once", e);
    }
  }

  /** Told by some keys of each partition. */
  private boolean isDelivered(long lsn) {
    return stores.values().stream()
        .allMatch(
            store ->
                IntStream.rangeClosed(1, KEYS_OF_ALL_PARTITIONS)
                    .mapToObj(id -> store.meta(new CacheKey(CACHE, "product:" + id)))
                    .map(found -> found.toCompletableFuture().join())
                    .allMatch(
                        meta ->
                            meta.isPresent()
                                && Long.compareUnsigned(meta.get().applied().lsn(), lsn) >= 0));
  }

  private HikariDataSource database() {
    HearthConfig.Postgres postgres = config.source().postgres();
    HikariConfig pool = new HikariConfig();
    pool.setPoolName("shop");
    pool.setJdbcUrl(postgres.url());
    pool.setUsername(postgres.user());
    pool.setMaximumPoolSize(24);
    pool.setMinimumIdle(8);
    return new HikariDataSource(pool);
  }

  private void watch(
      Traffic traffic, Optional<Duration> length, CountDownLatch stop, AtomicLong warmed)
      throws InterruptedException {
    long began = System.nanoTime();
    LagTimer lag = metrics.lagTimer(Phase.COMMIT_TO_APPLY);
    @Nullable String run = null;
    long lastReads = 0;
    long lastMisses = 0;
    long lastWrites = 0;
    long lastNanos = began;
    while (true) {
      Duration elapsed = Duration.ofNanos(System.nanoTime() - began);
      if (length.isPresent() && elapsed.compareTo(length.get()) >= 0) {
        return;
      }
      if (stop.await(500, TimeUnit.MILLISECONDS)) {
        return;
      }
      if (steady == null && elapsed.compareTo(COLD) >= 0) {
        steady = lag.mark();
      }
      if (run == null && elapsed.compareTo(FIRST_WARM_UP) >= 0) {
        run = askForAWarmUp();
      }
      warmed.set(run == null ? 0 : stored(run));
      long now = System.nanoTime();
      double seconds = (now - lastNanos) / 1e9;
      long reads = traffic.reads();
      long misses = traffic.misses();
      long writes = traffic.writes();
      LagSnapshot recent = lag.sinceLast();
      screen.status(
          format("%4d s", elapsed.toSeconds()),
          format("reads %,6.0f/s", (reads - lastReads) / seconds),
          format("hits %5.1f %%", 100 * hitRatio(reads - lastReads, misses - lastMisses)),
          format("commit to cache p50 %5.1f  p99 %6.1f ms", recent.p50Millis(), recent.p99Millis()),
          format("writes %,5.0f/s", (writes - lastWrites) / seconds),
          format("warmed %,d", warmed.get()));
      lastReads = reads;
      lastMisses = misses;
      lastWrites = writes;
      lastNanos = now;
    }
  }

  private static String format(String format, Object... arguments) {
    return String.format(Locale.ROOT, format, arguments);
  }

  private @Nullable String askForAWarmUp() {
    if (warmer.hotKeys(CACHE).isEmpty()) {
      return null;
    }
    Submission submission = warmer.submit(WarmupRequest.hottest(CACHE, WARM_TOP, "demo"));
    if (submission instanceof Submission.Accepted accepted) {
      return accepted.run().id();
    }
    LOG.warn("warm-up refused answer={}", submission);
    return null;
  }

  private long stored(String run) {
    return warmer.find(run).map(WarmupRun::progress).map(WarmupRun.Progress::stored).orElse(0);
  }

  private static double hitRatio(long reads, long misses) {
    return reads <= 0 ? 0 : Math.max(0, 1 - (double) misses / reads);
  }

  private Outcome outcome(Traffic traffic, long warmed, double startupSeconds)
      throws InterruptedException {
    long audited = 0;
    long stale = 0;
    for (Map.Entry<String, HearthConfig.Cache> each : config.caches().entrySet()) {
      for (String store : each.getValue().stores()) {
        screen.status("auditing cache " + each.getKey() + " in " + store + " ...");
        AuditVerdict verdict = warmer.audit(each.getKey(), store, key -> true);
        if (verdict.mode() != AuditVerdict.Mode.FENCED) {
          screen.say(
              String.format(
                  Locale.ROOT,
                  "cache %s in %s is %s, which promises nothing: %,d entries audited, %,d stale",
                  each.getKey(),
                  store,
                  verdict.mode().name().toLowerCase(Locale.ROOT),
                  verdict.checked(),
                  verdict.stale()));
          continue;
        }
        audited += verdict.checked();
        stale += verdict.stale();
        verdict.evidence().ifPresent(evidence -> screen.say("STALE in " + store + ": " + evidence));
      }
    }
    screen.endLine();
    Map<String, Outcome.Lag> phases = new LinkedHashMap<>();
    metrics
        .lags()
        .forEach((phase, snapshot) -> phases.put(phase.label(), Outcome.Lag.of(snapshot)));
    LagTimer lag = metrics.lagTimer(Phase.COMMIT_TO_APPLY);
    return new Outcome(
        traffic.reads(),
        traffic.writes(),
        Outcome.rounded(hitRatio(traffic.reads(), traffic.misses())),
        Outcome.Lag.of(lag.snapshot()),
        Outcome.Lag.of(steady == null ? new LagSnapshot(0, 0, 0, 0) : lag.since(steady)),
        phases,
        audited,
        stale,
        warmed,
        Outcome.rounded(startupSeconds),
        traffic.failures() + traffic.turnedAway());
  }
}
