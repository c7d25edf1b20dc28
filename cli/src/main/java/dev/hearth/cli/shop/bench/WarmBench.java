package dev.hearth.cli.shop.bench;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.hearth.chassis.config.HearthConfig;
import dev.hearth.cli.shop.OpenLoop;
import dev.hearth.cli.shop.ZipfKeys;
import dev.hearth.client.access.BufferedAccessRecorder;
import dev.hearth.client.access.KafkaAccessSink;
import dev.hearth.schemas.key.KeyTemplate;
import dev.hearth.schemas.topic.Topics;
import dev.hearth.store.FencedStore;
import dev.hearth.warmer.Warmer;
import dev.hearth.warmer.load.LoadQuery;
import dev.hearth.warmer.load.RowLoader;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * How soon a flushed store has its hit ratio again, by traffic alone and with a warm-up run, and
 * what the database has to bear meanwhile.
 *
 * <p>First traffic fills the empty store until the hit ratio is steady: the clients' reports become
 * heat, and the code is compiled. Then, each time from a flush on, some rounds of traffic with a
 * run that is asked for at once; at last, with the same keys in the same order as in the round in
 * the middle, traffic alone: whatever gets better by itself is in its favour. For one thread.
 */
public final class WarmBench {
  static final String CACHE = "product";

  /** Of the steady hit ratio; reached when the hit ratio is at least this part of it. */
  static final double TARGET_SHARE = 0.95;

  /** Change of the hit ratio from one window to the next, below which it counts as steady. */
  private static final double STEADY = 0.005;

  /** With fewer, two windows that are alike may be an accident of a busy machine. */
  private static final long READS_PER_KEY = 5;

  private static final int READERS = 16;
  private static final Duration LONGEST_WAIT_FOR_HEAT = Duration.ofMinutes(3);

  private final BenchSettings settings;
  private final HearthConfig config;
  private final Warmer warmer;
  private final FencedStore store;
  private final BenchStore.Flusher flusher;
  private final Consumer<String> status;

  /**
   * @param warmer of services that run with this configuration
   * @param flusher of the store; stays the caller's to close
   * @param status told how far it is
   */
  public WarmBench(
      BenchSettings settings,
      HearthConfig config,
      Warmer warmer,
      FencedStore store,
      BenchStore.Flusher flusher,
      Consumer<String> status) {
    this.settings = settings;
    this.config = config;
    this.warmer = warmer;
    this.store = store;
    this.flusher = flusher;
    this.status = status;
  }

  /**
   * Runs all phases.
   *
   * @return empty where it was stopped
   */
  public Optional<Measured> measure(CountDownLatch stop) throws InterruptedException, SQLException {
    HearthConfig.Cache cache = config.caches().get(CACHE);
    if (cache == null || cache.load() == null) {
      throw new IllegalStateException("the benchmark's configuration lacks cache " + CACHE);
    }
    KeyTemplate key = KeyTemplate.parse(cache.key());
    Latencies queries = new Latencies();
    Latencies probes = new Latencies();
    Topics topics = new Topics(config.kafka().topicPrefix());
    try (HikariDataSource database = database();
        KafkaAccessSink sink =
            KafkaAccessSink.connect(
                config.kafka().bootstrapServers(), topics, Map.of(), new SimpleMeterRegistry());
        BufferedAccessRecorder recorder =
            BufferedAccessRecorder.start("bench", sink, BufferedAccessRecorder.Options.defaults());
        DatabaseProbe probe = DatabaseProbe.start(database, probes)) {
      RowLoader loader = new RowLoader(database, LoadQuery.parse(cache.load(), key), key);
      return measure(
          new Traffic(new ReadThrough(store, loader, recorder, queries), queries, probes, stop));
    }
  }

  private Optional<Measured> measure(Traffic traffic) throws InterruptedException, SQLException {
    int window = (int) (settings.window().toNanos() / settings.tick().toNanos());
    // Other keys than those that are measured: the run has to know what is hot, not what comes.
    Phase learned = traffic.phase("learning what is hot", settings.seed(), false, heard(window));
    double steady = learned.lastHitRatio(window);
    double target = TARGET_SHARE * steady;
    List<Phase> warmed = new ArrayList<>();
    List<Phase> before = new ArrayList<>(List.of(learned));
    for (int round = 0; round < settings.rounds(); round++) {
      Phase phase =
          traffic.phase(
              "warmed, round " + (round + 1) + " of " + settings.rounds(),
              seedOf(round),
              true,
              p -> p.run().isPresent() && settled(p, target, window));
      warmed.add(phase);
      if (round + 1 < settings.rounds()) {
        before.add(phase);
      }
    }
    long seed = seedOf(Measured.median(warmed, target));
    Phase cold = traffic.phase("cold", seed, false, p -> settled(p, target, window / 2));
    if (traffic.isStopped()) {
      return Optional.empty();
    }
    return Optional.of(
        new Measured(
            settings,
            store.name(),
            steady,
            target,
            before.stream().flatMap(phase -> phase.last(window).stream()).toList(),
            warmed,
            cold,
            traffic.lost()));
  }

  /**
   * Each round has keys of its own: of those that were read in another, even the cold ones would
   * count as hot.
   */
  private long seedOf(int round) {
    return settings.seed() + 1 + round;
  }

  /** Steady, and the hot keys that are published since know of it. */
  private Predicate<Phase> heard(int window) {
    AtomicReference<Instant> steadySince = new AtomicReference<>();
    return phase -> {
      boolean over = phase.seconds() >= settings.longest().toNanos() / 1e9;
      long reads = phase.ticks().stream().mapToLong(Tick::reads).sum();
      boolean steady = reads >= READS_PER_KEY * settings.keys() && phase.isSteady(window, STEADY);
      if (phase.lastHitRatio(window) > 0 && (over || steady)) {
        steadySince.compareAndSet(null, Instant.now());
      }
      if (phase.seconds() > settings.longest().plus(LONGEST_WAIT_FOR_HEAT).toSeconds()) {
        throw new IllegalStateException(
            "after "
                + (int) phase.seconds()
                + " s of traffic there is no hit, or no hot key was published; the log says what"
                + " the services met");
      }
      @Nullable Instant since = steadySince.get();
      return since != null
          && warmer.hotKeys(CACHE).filter(hot -> hot.asOf().isAfter(since)).isPresent();
    };
  }

  /** At the target, and a while longer, for the next phase to begin from what is usual. */
  private boolean settled(Phase phase, double target, int ticks) {
    double tickSeconds = settings.tick().toNanos() / 1e9;
    double since =
        Math.max(
            phase.reached(target).orElse(Double.POSITIVE_INFINITY),
            phase.run().map(Phase.Run::endSeconds).orElse(0.0));
    return phase.seconds() >= settings.longest().toNanos() / 1e9
        || phase.seconds() >= since + ticks * tickSeconds;
  }

  private HikariDataSource database() {
    HearthConfig.Postgres postgres = config.source().postgres();
    HikariConfig pool = new HikariConfig();
    pool.setPoolName("bench");
    pool.setJdbcUrl(postgres.url());
    pool.setUsername(postgres.user());
    pool.setMaximumPoolSize(24);
    pool.setMinimumIdle(17);
    return new HikariDataSource(pool);
  }

  /** Phases, one after the other, and what is counted in them. */
  private final class Traffic {
    private final ReadThrough application;
    private final Latencies queries;
    private final Latencies probes;
    private final CountDownLatch stop;
    private long turnedAway;

    private Traffic(
        ReadThrough application, Latencies queries, Latencies probes, CountDownLatch stop) {
      this.application = application;
      this.queries = queries;
      this.probes = probes;
      this.stop = stop;
    }

    boolean isStopped() {
      return stop.getCount() == 0;
    }

    /** Reads that were turned away, or failed. */
    long lost() {
      return turnedAway + application.failures();
    }

    Phase phase(String name, long seed, boolean warm, Predicate<Phase> enough)
        throws InterruptedException {
      ZipfKeys keys = new ZipfKeys(settings.keys(), settings.zipf(), seed);
      flusher.flush();
      queries.take();
      probes.take();
      long hits = application.hits();
      long misses = application.misses();
      Instant beganAt = Instant.now();
      long began = System.nanoTime();
      List<Tick> ticks = new ArrayList<>();
      Phase phase = new Phase(ticks, Optional.empty());
      try (OpenLoop loop =
          new OpenLoop("reads", settings.readsPerSecond(), READERS, keys.each(application::read))) {
        loop.start();
        Optional<AskedRun> run =
            warm ? Optional.of(AskedRun.ask(warmer, settings, beganAt)) : Optional.empty();
        while (!enough.test(phase)) {
          long next = began + (ticks.size() + 1) * settings.tick().toNanos();
          if (stop.await(Math.max(0, next - System.nanoTime()), TimeUnit.NANOSECONDS)) {
            break;
          }
          long nowHits = application.hits();
          long nowMisses = application.misses();
          ticks.add(
              new Tick(
                  (System.nanoTime() - began) / 1e9,
                  nowHits + nowMisses - hits - misses,
                  nowHits - hits,
                  queries.take(),
                  probes.take()));
          hits = nowHits;
          misses = nowMisses;
          phase = new Phase(ticks, run.flatMap(AskedRun::ended));
          tell(name, phase);
        }
        turnedAway += loop.turnedAway();
      }
      return phase;
    }

    private void tell(String name, Phase phase) {
      List<Tick> recent = phase.last(4);
      status.accept(
          String.format(
              Locale.ROOT,
              "%-24s %5.0f s  hits %5.1f %%  queries p99 %6.1f ms  probe p99 %6.1f ms",
              name,
              phase.seconds(),
              100 * Phase.hitRatio(recent),
              Phase.latency(recent, Tick::queries).p99Millis(),
              Phase.latency(recent, Tick::probes).p99Millis()));
    }
  }
}
