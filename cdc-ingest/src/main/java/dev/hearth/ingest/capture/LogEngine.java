package dev.hearth.ingest.capture;

import io.debezium.embedded.Connect;
import io.debezium.engine.DebeziumEngine;
import io.debezium.engine.RecordChangeEvent;
import io.debezium.engine.format.ChangeEventFormat;
import java.io.IOException;
import java.time.Duration;
import java.util.OptionalLong;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.apache.kafka.connect.source.SourceRecord;
import org.apache.kafka.connect.storage.MemoryOffsetBackingStore;
import org.postgresql.Driver;
import org.postgresql.PGProperty;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The embedded engine that follows the log. It stores no offsets: the slot is the only position, so
 * that nothing can disagree with it; what was streamed and not confirmed is streamed again.
 *
 * <p>Restarting is the caller's: an engine runs once, and tells when and why it ended.
 */
public final class LogEngine implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(LogEngine.class);
  private static final Duration CLOSE_BOUND = Duration.ofSeconds(15);
  private static final Duration CLOSE_RETRY = Duration.ofMillis(50);

  private final DebeziumEngine<RecordChangeEvent<SourceRecord>> engine;
  private final String ticket;
  private final CountDownLatch ended = new CountDownLatch(1);
  private boolean started;

  /** Called by the thread that reads the log. */
  public interface Receiver {
    /** Takes over the next record in the order of the log; blocks while the hold is full. */
    void receive(SourceRecord record) throws InterruptedException;

    /** Up to where the log need not be streamed again; empty where that has not moved. */
    OptionalLong confirmed();
  }

  /**
   * Wires it; nothing is connected before {@link #start}.
   *
   * @param unavailable what is delivered in place of a large value that an update did not touch;
   *     nothing that a row could hold
   */
  public LogEngine(
      SourceSettings settings, String unavailable, Receiver receiver, Consumer<String> onEnd) {
    this.ticket = Handover.issue(receiver);
    this.engine =
        DebeziumEngine.create(ChangeEventFormat.of(Connect.class))
            .using(properties(settings, unavailable, ticket))
            .using(
                (success, message, error) -> {
                  ended.countDown();
                  onEnd.accept(
                      success
                          ? "the engine stopped"
                          : "the engine failed: " + (error == null ? message : rootMessage(error)));
                })
            .notifying(
                (events, committer) -> {
                  throw new IllegalStateException(
                      events.size() + " records were not handed over; first " + events.get(0));
                })
            .build();
  }

  /** Starts the engine's threads and returns. */
  public void start() {
    Thread thread = new Thread(engine, "ingest-engine");
    thread.setDaemon(true);
    started = true;
    thread.start();
  }

  /**
   * Ends the engine, and waits for its threads. An engine that is just starting cannot be stopped
   * and must not be left behind either: it would hold the slot. So it is asked again until it ends.
   */
  @Override
  public void close() {
    long deadline = System.nanoTime() + CLOSE_BOUND.toNanos();
    boolean interrupted = false;
    while (started && ended.getCount() > 0) {
      try {
        engine.close();
      } catch (IOException | IllegalStateException e) {
        LOG.debug("engine cannot be stopped just now", e);
      }
      if (System.nanoTime() > deadline) {
        LOG.warn("engine does not stop waitedSeconds={}", CLOSE_BOUND.toSeconds());
        break;
      }
      try {
        if (ended.await(CLOSE_RETRY.toMillis(), TimeUnit.MILLISECONDS)) {
          break;
        }
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    Handover.handIn(ticket);
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private static String rootMessage(Throwable error) {
    Throwable root = error;
    while (root.getCause() != null && root.getCause() != root) {
      root = root.getCause();
    }
    return root.getMessage() == null ? root.getClass().getSimpleName() : root.getMessage();
  }

  private static Properties properties(SourceSettings settings, String unavailable, String ticket) {
    Properties address = Driver.parseURL(settings.url(), new Properties());
    if (address == null) {
      throw new IllegalArgumentException(settings.url() + " is no PostgreSQL URL");
    }
    Properties p = new Properties();
    p.setProperty("name", "hearth-ingest");
    p.setProperty("connector.class", HandoverConnector.class.getName());
    // Names the engine's JMX beans, which two engines in one process must not share.
    p.setProperty("topic.prefix", "hearth-" + settings.slot());
    p.setProperty("offset.storage", MemoryOffsetBackingStore.class.getName());
    p.setProperty("database.hostname", PGProperty.PG_HOST.getOrDefault(address));
    p.setProperty("database.port", PGProperty.PG_PORT.getOrDefault(address));
    p.setProperty("database.dbname", PGProperty.PG_DBNAME.getOrDefault(address));
    p.setProperty("database.user", settings.user());
    settings.password().ifPresent(password -> p.setProperty("database.password", password));
    for (String name : address.stringPropertyNames()) {
      if (!name.startsWith("PG")) {
        p.setProperty("driver." + name, address.getProperty(name));
      }
    }
    // The engine reads bytes in one way only, and ends with the first that are printed otherwise;
    // floating point numbers are to be printed with all their digits. It asks for an id of its
    // transaction, and where that has cleaned up a page of the catalog, its commit would wait for
    // an
    // absent standby.
    p.setProperty(
        "driver.options",
        (address.getProperty("options", "")
                + " -c bytea_output=hex -c extra_float_digits=1 -c synchronous_commit=local")
            .strip());
    p.setProperty("plugin.name", "pgoutput");
    p.setProperty("slot.name", settings.slot());
    p.setProperty("publication.name", settings.publication());
    p.setProperty("publication.autocreate.mode", "disabled");
    p.setProperty("slot.drop.on.stop", "false");
    p.setProperty("slot.max.retries", "0");
    p.setProperty("snapshot.mode", "no_data");
    p.setProperty("table.include.list", tablePatterns(settings));
    p.setProperty("message.prefix.include.list", HEARTBEAT_PREFIX);
    p.setProperty("tombstones.on.delete", "false");
    p.setProperty("skipped.operations", "none");
    p.setProperty("provide.transaction.metadata", "false");
    p.setProperty("decimal.handling.mode", "string");
    p.setProperty("time.precision.mode", "adaptive_time_microseconds");
    p.setProperty("binary.handling.mode", "hex");
    p.setProperty("unavailable.value.placeholder", unavailable);
    p.setProperty("hstore.handling.mode", "json");
    // Else their values would come as NULL.
    p.setProperty("include.unknown.datatypes", "true");
    p.setProperty(Handover.TICKET, ticket);
    p.setProperty("queue.provider.type", HandoverQueue.NAME);
    // How often the engine looks for its end; nothing that is read waits for it.
    p.setProperty("poll.interval.ms", "100");
    p.setProperty("errors.max.retries", "0");
    p.setProperty("heartbeat.interval.ms", "0");
    // We measure ourselves; the engine's own statistics warn by the record when they fall behind.
    p.setProperty("statistics.metrics.enabled", "false");
    // For starting and for stopping; the default of three minutes would outlast every bound of
    // ours.
    p.setProperty("internal.task.management.timeout.ms", "30000");
    return p;
  }

  /** Prefix of the logical messages that keep the stream moving when nothing changes. */
  public static final String HEARTBEAT_PREFIX = "hearth";

  private static String tablePatterns(SourceSettings settings) {
    return settings.tables().stream()
        .map(Pattern::quote)
        .map(quoted -> quoted.replace(",", "\\,"))
        .collect(Collectors.joining(","));
  }
}
