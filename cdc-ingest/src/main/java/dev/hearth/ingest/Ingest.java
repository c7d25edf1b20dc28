package dev.hearth.ingest;

import dev.hearth.chassis.Component;
import dev.hearth.chassis.config.HearthConfig;
import dev.hearth.chassis.health.Health;
import dev.hearth.chassis.health.Heartbeat;
import dev.hearth.chassis.metrics.Metrics;
import dev.hearth.ingest.capture.SourceDatabase;
import dev.hearth.schemas.topic.Topics;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
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
  private static final Duration CLOSE_BOUND = Duration.ofSeconds(10);
  private static final Duration FIRST_PAUSE = Duration.ofMillis(200);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(5);

  private final HearthConfig config;
  private final Metrics metrics;
  private final Health health;
  private final SourceDatabase database;
  private final IngestStatus status = new IngestStatus();
  private final SessionLoop sessions;
  private volatile boolean stopping;
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
    this.metrics = metrics;
    this.health = health;
    this.database = new SourceDatabase(SourceCheck.settings(config));
    this.sessions =
        new SessionLoop(
            topics,
            kafka,
            database,
            config.rules(),
            metrics,
            clock,
            options,
            status,
            () -> stopping);
  }

  @Override
  public String name() {
    return "ingest";
  }

  @Override
  public void start() throws Exception {
    PreparedSource first = prepare(database.openAtStart("setup"), SourceCheck::read);
    status.register(metrics, health);
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
    return status.isStreaming();
  }

  private PreparedSource prepare(Connection opened, PreparedSource.RuledCatalog catalog)
      throws SQLException {
    try (Connection connection = opened) {
      return PreparedSource.prepare(connection, config, catalog);
    }
  }

  private void run(PreparedSource first, Heartbeat heartbeat) {
    Optional<PreparedSource> prepared = Optional.of(first);
    Duration pause = FIRST_PAUSE;
    while (!stopping) {
      heartbeat.beat();
      status.begins();
      try {
        PreparedSource ready =
            prepared.isPresent()
                ? prepared.get()
                : prepare(database.open("setup"), SourceCheck::readAgain);
        prepared = Optional.empty();
        sessions.follow(ready, heartbeat);
      } catch (InterruptedException e) {
        break;
      } catch (Exception e) {
        if (stopping) {
          break;
        }
        status.state("interrupted: " + e.getMessage());
        LOG.warn("session ended reason=\"{}\"", e.getMessage());
        LOG.debug("session ended", e);
      }
      // A session that moved the watermark shows that there is nothing to wait for.
      pause = status.hasProgressed() ? FIRST_PAUSE : longer(pause);
      LockSupport.parkNanos(pause.toNanos());
    }
    status.ends();
    heartbeat.close();
    status.state("stopped");
  }

  private static Duration longer(Duration pause) {
    Duration twice = pause.multipliedBy(2);
    return twice.compareTo(LONGEST_PAUSE) < 0 ? twice : LONGEST_PAUSE;
  }
}
