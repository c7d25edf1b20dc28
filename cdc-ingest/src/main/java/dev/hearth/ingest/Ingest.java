package dev.hearth.ingest;

import dev.hearth.chassis.Component;
import dev.hearth.chassis.config.HearthConfig;
import dev.hearth.chassis.config.Problem;
import dev.hearth.chassis.health.Health;
import dev.hearth.chassis.health.Heartbeat;
import dev.hearth.chassis.health.Readiness;
import dev.hearth.chassis.metrics.Metric;
import dev.hearth.chassis.metrics.Metrics;
import dev.hearth.chassis.metrics.Phase;
import dev.hearth.ingest.capture.LogEngine;
import dev.hearth.ingest.capture.LogHeartbeat;
import dev.hearth.ingest.capture.ReplicationSetup;
import dev.hearth.ingest.capture.SourceDatabase;
import dev.hearth.ingest.capture.SourceSettings;
import dev.hearth.ingest.decode.ChangeDecoder;
import dev.hearth.ingest.position.EpochDecision;
import dev.hearth.ingest.position.Gate;
import dev.hearth.ingest.position.GateSnapshot;
import dev.hearth.ingest.position.PublicationMark;
import dev.hearth.ingest.publish.ChangePublisher;
import dev.hearth.ingest.publish.PublishedHistory;
import dev.hearth.ingest.publish.SnapshotRequests;
import dev.hearth.schemas.position.EpochRaised;
import dev.hearth.schemas.position.SourceIdentity;
import dev.hearth.schemas.position.Watermark;
import dev.hearth.schemas.topic.Topics;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.Collections;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.postgresql.replication.LogSequenceNumber;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Follows one database's log and publishes what can be read. Starting checks the source and creates
 * slot and publication; from then on sessions follow one another, and nothing that goes wrong ends
 * more than a session.
 */
public final class Ingest implements Component {
  private static final Logger LOG = LoggerFactory.getLogger(Ingest.class);
  private static final Duration LOOP_BOUND = Duration.ofSeconds(60);
  private static final Duration IDLE = Duration.ofMillis(100);
  private static final Duration IDLE_IN_SNAPSHOT = Duration.ofMillis(2);
  private static final Duration HEARTBEAT_INTERVAL = Duration.ofMillis(500);
  private static final int PATTERN_BEATS = 4;
  private static final Duration CLOSE_BOUND = Duration.ofSeconds(10);
  private static final Duration FIRST_PAUSE = Duration.ofMillis(200);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(5);

  private final HearthConfig config;
  private final Topics topics;
  private final Map<String, Object> kafka;
  private final Metrics metrics;
  private final Health health;
  private final Clock clock;
  private final Options options;
  private volatile SourceSettings settings;
  private final SourceDatabase database;
  private final AtomicInteger held = new AtomicInteger();
  private final AtomicLong retainedWal = new AtomicLong();
  private final AtomicInteger patternBeats = new AtomicInteger();
  private final AtomicInteger snapshotRunning = new AtomicInteger();
  private final TableWatch watch = new TableWatch();
  private volatile String state = "not started";
  private volatile boolean streaming;
  private volatile boolean stopping;
  private boolean progressed;
  private @Nullable Thread loop;

  /**
   * What tests may change.
   *
   * @param gate false publishes without asking what readers can see: unsafe, for the test that
   *     shows why the gate exists
   */
  record Options(boolean gate) {}

  /**
   * Wires it; nothing is connected before {@link #start}.
   *
   * @param kafka properties of every Kafka client, bootstrap servers among them
   */
  public Ingest(
      HearthConfig config,
      Topics topics,
      Map<String, Object> kafka,
      Metrics metrics,
      Health health,
      Clock clock) {
    this(config, topics, kafka, metrics, health, clock, new Options(true));
  }

  Ingest(
      HearthConfig config,
      Topics topics,
      Map<String, Object> kafka,
      Metrics metrics,
      Health health,
      Clock clock,
      Options options) {
    this.config = config;
    this.topics = topics;
    this.kafka = Map.copyOf(kafka);
    this.metrics = metrics;
    this.health = health;
    this.clock = clock;
    this.options = options;
    this.settings = SourceCheck.settings(config);
    this.database = new SourceDatabase(settings);
  }

  @Override
  public String name() {
    return "ingest";
  }

  @Override
  public void start() throws Exception {
    Prepared first = prepare(database.openAtStart("setup"), SourceCheck::read);
    metrics.gauge(Metric.GATE_HELD, held::get);
    metrics.gauge(Metric.SOURCE_RETAINED_WAL, retainedWal::get);
    metrics.gauge(Metric.SNAPSHOT_RUNNING, snapshotRunning::get);
    health.readiness(
        "ingest", () -> streaming ? Readiness.ready(state) : Readiness.notReady(state));
    Heartbeat heartbeat = health.heartbeat("ingest", LOOP_BOUND);
    Thread thread = new Thread(() -> run(first, heartbeat), "ingest");
    thread.setDaemon(true);
    loop = thread;
    thread.start();
  }

  @Override
  public void close() throws Exception {
    stopping = true;
    Thread thread = loop;
    if (thread != null) {
      LockSupport.unpark(thread);
      thread.join(CLOSE_BOUND.toMillis());
      if (thread.isAlive()) {
        // It waits for something that does not come, such as a slot's creation.
        thread.interrupt();
        thread.join(CLOSE_BOUND.toMillis());
      }
    }
  }

  /** Whether changes are being followed now. Any thread. */
  public boolean isStreaming() {
    return streaming;
  }

  /** What a session needs to know of the source. */
  private record Prepared(
      TableCatalog.Findings tables,
      ReplicationSetup.Slot slot,
      SourceIdentity identity,
      long flushLsn) {}

  /** Reads the catalog against the rules. */
  private interface CatalogReader {
    TableCatalog.Findings read(Connection connection, HearthConfig config) throws SQLException;
  }

  private Prepared prepare(Connection opened, CatalogReader catalog) throws SQLException {
    try (Connection connection = opened) {
      settings =
          SourceCheck.settings(config, TablePatterns.resolve(connection, config.rules()).rules());
      ReplicationSetup setup = new ReplicationSetup(connection, settings);
      setup.checkServer();
      TableCatalog.Findings tables = catalog.read(connection, config);
      for (Problem warning : tables.warnings()) {
        LOG.warn("rule {}", warning);
      }
      for (Problem problem : tables.problems()) {
        LOG.warn("rule does not fit the source; what depends on its table is voided {}", problem);
      }
      try {
        setup.ensurePublication(tables.shapes().keySet());
        ReplicationSetup.Slot slot = setup.ensureSlot();
        // Once more, since the slot may be younger than what was read. Where nothing changed
        // around its birth, what was read before holds for all that it streams.
        TableCatalog.Findings after = catalog.read(connection, config);
        TableCatalog.Findings settled =
            slot.createdNow() && after.identities().equals(tables.identities()) ? tables : after;
        return prepared(connection, settled, slot);
      } catch (SQLException | RuntimeException e) {
        setup.undo();
        throw e;
      }
    }
  }

  private Prepared prepared(
      Connection connection, TableCatalog.Findings tables, ReplicationSetup.Slot slot)
      throws SQLException {
    // The timeline of the log that is being written; a checkpoint's would lag after a promotion.
    // Somebody may reset one kind of statistics, a crash resets all.
    try (PreparedStatement query =
        connection.prepareStatement(
            "select system_identifier::text,"
                + " ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int,"
                + " least((select stats_reset from pg_stat_bgwriter),"
                + " (select stats_reset from pg_stat_archiver)),"
                + " pg_current_wal_flush_lsn()::text, "
                + PublicationMark.QUERY
                + " from pg_control_system()")) {
      query.setString(1, settings.publication());
      try (ResultSet row = query.executeQuery()) {
        row.next();
        OffsetDateTime statisticsSince = row.getObject(3, OffsetDateTime.class);
        SourceIdentity identity =
            new SourceIdentity(
                row.getString(1),
                row.getInt(2),
                settings.slot(),
                slot.createdNow() ? slot.confirmedFlushLsn() : 0,
                row.getString(5),
                statisticsSince == null ? Instant.EPOCH : statisticsSince.toInstant());
        return new Prepared(
            tables, slot, identity, LogSequenceNumber.valueOf(row.getString(4)).asLong());
      }
    }
  }

  private void run(Prepared first, Heartbeat heartbeat) {
    Optional<Prepared> prepared = Optional.of(first);
    Duration pause = FIRST_PAUSE;
    while (!stopping) {
      heartbeat.beat();
      progressed = false;
      try {
        Prepared ready =
            prepared.isPresent()
                ? prepared.get()
                : prepare(database.open("setup"), SourceCheck::readAgain);
        prepared = Optional.empty();
        follow(ready, heartbeat);
      } catch (InterruptedException e) {
        break;
      } catch (Exception e) {
        if (stopping) {
          break;
        }
        state = "interrupted: " + e.getMessage();
        LOG.warn("session ended reason=\"{}\"", e.getMessage());
        LOG.debug("session ended", e);
      }
      // A session that moved the watermark shows that there is nothing to wait for.
      pause = progressed ? FIRST_PAUSE : longer(pause);
      LockSupport.parkNanos(pause.toNanos());
    }
    streaming = false;
    heartbeat.close();
    state = "stopped";
  }

  private static Duration longer(Duration pause) {
    Duration twice = pause.multipliedBy(2);
    return twice.compareTo(LONGEST_PAUSE) < 0 ? twice : LONGEST_PAUSE;
  }

  /** One session, from the slot's position to the first thing that goes wrong. */
  private void follow(Prepared prepared, Heartbeat heartbeat) throws Exception {
    if (prepared.slot().activePid().isPresent()) {
      state =
          "standing by: slot "
              + settings.slot()
              + " is streamed by backend "
              + prepared.slot().activePid().get();
      return;
    }
    PublishedHistory history = new PublishedHistory(topics, kafka);
    Optional<EpochRaised> last = history.latestEpoch(settings.slot());
    heartbeat.beat();
    Optional<Watermark> published = history.latestWatermark();
    heartbeat.beat();
    EpochDecision decision =
        EpochDecision.decide(
            new EpochDecision.Source(
                prepared.identity(),
                prepared.slot().createdNow(),
                prepared.slot().confirmedFlushLsn(),
                prepared.flushLsn()),
            last,
            published.map(Watermark::position));
    Instant gateTime =
        decision instanceof EpochDecision.Keep ? published.orElseThrow().gateTime() : Instant.EPOCH;
    AtomicReference<@Nullable String> ended = new AtomicReference<>();
    ScheduledExecutorService beats =
        Executors.newSingleThreadScheduledExecutor(
            task -> {
              Thread thread = new Thread(task, "ingest-heartbeat");
              thread.setDaemon(true);
              return thread;
            });
    try (ChangePublisher publisher = new ChangePublisher(topics, kafka);
        Snapshots snapshots =
            new Snapshots(
                prepared.tables().shapes(),
                new SnapshotRequests(topics, kafka),
                publisher,
                () -> new ChunkReader(database, prepared.identity()),
                metrics,
                snapshotRunning);
        Gate gate =
            new Gate(
                database.openForShortStatements("gate"),
                prepared.tables().identities(),
                settings.publication(),
                prepared.identity().publication());
        LogHeartbeat logHeartbeat =
            new LogHeartbeat(database.openForShortStatements("heartbeat"), settings.slot())) {
      GateSnapshot atBeginning = gate.ask();
      EpochKeeper epochs =
          EpochKeeper.open(
              decision,
              last,
              prepared.identity(),
              atBeginning,
              gate.beginAndEnd(),
              publisher,
              clock,
              metrics.counter(Metric.EPOCHS_RAISED));
      IngestSession session =
          new IngestSession(
              epochs.epoch(),
              gateTime,
              new ChangeDecoder(prepared.tables().shapes(), prepared.tables().unusable()),
              visibility(gate, prepared.slot()),
              publisher,
              snapshots::published,
              new IngestSession.Measures(
                  metrics.lagTimer(Phase.COMMIT_TO_CAPTURE),
                  metrics.timer(Metric.VISIBILITY_WAIT),
                  held,
                  metrics.counter(Metric.DEAD_LETTERS, "ingest")),
              clock);
      watch.defined(prepared.tables().identities());
      watch.partitioned(logHeartbeat.partitions(settings.tables()));
      long told = tell(session, gate, 0);
      // The session is closed first: the engine's thread may be waiting for room in it.
      try (LogEngine engine =
              new LogEngine(settings, ChangeDecoder.UNAVAILABLE, session, ended::set);
          session) {
        engine.start();
        beats.scheduleWithFixedDelay(
            () -> beat(logHeartbeat, ended),
            0,
            HEARTBEAT_INTERVAL.toMillis(),
            TimeUnit.MILLISECONDS);
        state = streamingIn(epochs.epoch());
        LOG.info("streaming slot={} epoch={}", settings.slot(), epochs.epoch());
        while (!stopping) {
          heartbeat.beat();
          told = tell(session, gate, told);
          Optional<GateSnapshot> asked = session.turn(snapshots.isBusy() ? IDLE_IN_SNAPSHOT : IDLE);
          progressed = session.hasProgressed();
          streaming = progressed;
          if (asked.isPresent() && epochs.settle(asked.get())) {
            session.enter(epochs.epoch());
            state = streamingIn(epochs.epoch());
          }
          // Before, what was read would be void with the epoch that is still to come.
          if (epochs.isSettled()) {
            snapshots.turn(session.publishedUpTo(), session.isBehind());
          }
          String reason = ended.get();
          if (reason != null) {
            throw new IllegalStateException(reason);
          }
        }
      }
    } finally {
      streaming = false;
      beats.shutdownNow();
    }
  }

  /**
   * Publishes of each table that was found changed as a whole that anything may have changed. What
   * was found was visible before the gate is asked, so the position covers it.
   *
   * @param upTo the last occasion that this session published
   * @return the last one now
   */
  private long tell(IngestSession session, Gate gate, long upTo) throws SQLException {
    Map<String, Long> untold = watch.distrusted(upTo);
    if (untold.isEmpty()) {
      return upTo;
    }
    GateSnapshot now = gate.ask();
    untold.forEach(
        (table, occasion) -> session.distrust(table, now, () -> watch.told(table, occasion)));
    return Collections.max(untold.values());
  }

  private String streamingIn(long epoch) {
    return "streaming from slot " + settings.slot() + " in epoch " + epoch;
  }

  private void beat(LogHeartbeat logHeartbeat, AtomicReference<@Nullable String> ended) {
    try {
      logHeartbeat.beat();
      retainedWal.set(logHeartbeat.retainedBytes());
      if (TablePatterns.isWild(config.rules())
          && patternBeats.getAndIncrement() % PATTERN_BEATS == 0) {
        Set<String> unheard = TablePatterns.named(config.rules(), logHeartbeat.tables());
        unheard.removeAll(settings.tables());
        if (!unheard.isEmpty()) {
          // Not published yet: the next session sees to it, in a new epoch.
          ended.compareAndSet(null, "tables appeared that rules name by a pattern: " + unheard);
        }
      }
      Set<String> others = watch.partitioned(logHeartbeat.partitions(settings.tables()));
      if (!others.isEmpty()) {
        // What is known of their partitions has to be read again.
        ended.compareAndSet(null, "partitions of " + others + " were attached or detached");
      }
    } catch (SQLException e) {
      ended.compareAndSet(null, "the heartbeat failed: " + e.getMessage());
    }
  }

  /**
   * The gate; before its first answer is used, the slot must stand where it stood when the epoch
   * was decided. The engine would silently create one that was dropped in between.
   */
  private IngestSession.Visibility visibility(Gate gate, ReplicationSetup.Slot expected) {
    AtomicBoolean checked = new AtomicBoolean();
    return () -> {
      if (!checked.get()) {
        try (Connection connection = database.openForShortStatements("slot check")) {
          Optional<ReplicationSetup.Slot> now = new ReplicationSetup(connection, settings).slot();
          if (now.isEmpty() || now.get().confirmedFlushLsn() != expected.confirmedFlushLsn()) {
            throw new SQLException(
                "slot " + settings.slot() + " was moved or created again while the session began");
          }
        }
        checked.set(true);
      }
      GateSnapshot snapshot = gate.ask();
      return options.gate() ? snapshot : seeingEverything(snapshot);
    };
  }

  private static GateSnapshot seeingEverything(GateSnapshot real) {
    return new GateSnapshot(
        Long.MAX_VALUE,
        real.xmax(),
        real.running(),
        real.flushLsn(),
        real.insertLsn(),
        real.takenAt());
  }
}
