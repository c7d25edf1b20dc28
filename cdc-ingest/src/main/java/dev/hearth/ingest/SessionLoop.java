package dev.hearth.ingest;

import dev.hearth.chassis.config.HearthConfig;
import dev.hearth.chassis.health.Heartbeat;
import dev.hearth.chassis.metrics.Metric;
import dev.hearth.chassis.metrics.Metrics;
import dev.hearth.chassis.metrics.Phase;
import dev.hearth.ingest.capture.LogEngine;
import dev.hearth.ingest.capture.LogHeartbeat;
import dev.hearth.ingest.capture.SourceDatabase;
import dev.hearth.ingest.capture.SourceSettings;
import dev.hearth.ingest.capture.TableMarks;
import dev.hearth.ingest.decode.ChangeDecoder;
import dev.hearth.ingest.position.EpochDecision;
import dev.hearth.ingest.position.Gate;
import dev.hearth.ingest.position.GateSnapshot;
import dev.hearth.ingest.publish.ChangePublisher;
import dev.hearth.ingest.publish.PublishedHistory;
import dev.hearth.ingest.publish.SnapshotRequests;
import dev.hearth.ingest.publish.ToldTables;
import dev.hearth.schemas.position.EpochRaised;
import dev.hearth.schemas.position.Watermark;
import dev.hearth.schemas.topic.Topics;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Leads sessions one after another: each opens what it needs, decides on the epoch, and turns until
 * the first thing that goes wrong. What is known of whole tables outlives them. For the loop's
 * thread.
 */
final class SessionLoop {
  private static final Logger LOG = LoggerFactory.getLogger(SessionLoop.class);
  private static final Duration IDLE = Duration.ofMillis(100);
  private static final Duration IDLE_IN_SNAPSHOT = Duration.ofMillis(2);
  private static final Duration HEARTBEAT_INTERVAL = Duration.ofMillis(500);

  private final Topics topics;
  private final Map<String, Object> kafka;
  private final SourceDatabase database;
  private final Metrics metrics;
  private final Clock clock;
  private final Ingest.Options options;
  private final IngestStatus status;
  private final BooleanSupplier stopping;
  private final TableWatch watch = new TableWatch(System::nanoTime);
  private final SourcePoll poll;

  /**
   * For one source.
   *
   * @param kafka properties of every Kafka client
   * @param rules as configured, patterns among them
   * @param stopping whether a session is to end
   */
  SessionLoop(
      Topics topics,
      Map<String, Object> kafka,
      SourceDatabase database,
      List<HearthConfig.Rule> rules,
      Metrics metrics,
      Clock clock,
      Ingest.Options options,
      IngestStatus status,
      BooleanSupplier stopping) {
    this.topics = topics;
    this.kafka = Map.copyOf(kafka);
    this.database = database;
    this.metrics = metrics;
    this.clock = clock;
    this.options = options;
    this.status = status;
    this.stopping = stopping;
    this.poll = new SourcePoll(rules, watch, status.retainedWal());
  }

  /** One session, from the slot's position to the first thing that goes wrong. */
  void follow(PreparedSource prepared, Heartbeat heartbeat) throws Exception {
    SourceSettings settings = prepared.settings();
    if (prepared.slot().activePid().isPresent()) {
      status.state(
          "standing by: slot "
              + settings.slot()
              + " is streamed by backend "
              + prepared.slot().activePid().get());
      return;
    }
    PublishedHistory history = new PublishedHistory(topics, kafka);
    Optional<PublishedHistory.Epoch> before = history.latestEpoch(settings.slot());
    Optional<EpochRaised> last = before.map(PublishedHistory.Epoch::raised);
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
                new ChunkSelects(() -> new ChunkReader(database, prepared.identity())),
                metrics,
                status.snapshotRunning());
        Gate gate =
            new Gate(
                database.openForShortStatements("gate"),
                prepared.tables().identities(),
                settings.publication(),
                prepared.identity().publication());
        LogHeartbeat logHeartbeat =
            new LogHeartbeat(database.openForShortStatements("heartbeat"), settings.slot())) {
      // Before an epoch is raised: what happens to a table after that is not voided by it.
      TableMarks marks = logHeartbeat.marks(settings.tables());
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
              visibility(
                  new SessionGate(gate, database, settings, prepared.slot().confirmedFlushLsn())),
              publisher,
              (key, change) -> {
                watch.published(change);
                snapshots.published(key, change);
              },
              new IngestSession.Measures(
                  metrics.lagTimer(Phase.COMMIT_TO_CAPTURE),
                  metrics.timer(Metric.VISIBILITY_WAIT),
                  status.held(),
                  metrics.counter(Metric.DEAD_LETTERS, "ingest")),
              clock);
      if (decision instanceof EpochDecision.Keep) {
        Set<String> untold =
            watch.resumed(
                marks,
                settings.tables(),
                before.map(PublishedHistory.Epoch::tables).orElse(ToldTables.NONE).digests());
        if (!untold.isEmpty()) {
          LOG.info("changed while nobody watched, or not known tables={}", untold);
        }
      }
      watch.defined(prepared.tables().identities());
      watch.marked(marks);
      TableMemory memory = new TableMemory(watch, epochs, publisher);
      long told = tell(session, gate, 0);
      // The session is closed first: the engine's thread may be waiting for room in it.
      try (LogEngine engine =
              new LogEngine(settings, ChangeDecoder.UNAVAILABLE, session, ended::set);
          session) {
        engine.start();
        beats.scheduleWithFixedDelay(
            () ->
                poll.beat(
                    logHeartbeat, settings.tables(), reason -> ended.compareAndSet(null, reason)),
            0,
            HEARTBEAT_INTERVAL.toMillis(),
            TimeUnit.MILLISECONDS);
        status.state(streaming(settings, epochs.epoch()));
        LOG.info("streaming slot={} epoch={}", settings.slot(), epochs.epoch());
        while (!stopping.getAsBoolean()) {
          heartbeat.beat();
          told = tell(session, gate, told);
          memory.turn();
          Optional<GateSnapshot> asked = session.turn(snapshots.isBusy() ? IDLE_IN_SNAPSHOT : IDLE);
          status.progressed(session.hasProgressed());
          if (asked.isPresent() && epochs.settle(asked.get())) {
            session.enter(epochs.epoch());
            status.state(streaming(settings, epochs.epoch()));
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
      status.ends();
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

  private static String streaming(SourceSettings settings, long epoch) {
    return "streaming from slot " + settings.slot() + " in epoch " + epoch;
  }

  private IngestSession.Visibility visibility(IngestSession.Visibility real) {
    return options.gate() ? real : () -> seeingEverything(real.ask());
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
