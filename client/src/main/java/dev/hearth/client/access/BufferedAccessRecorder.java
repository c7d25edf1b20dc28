package dev.hearth.client.access;

import dev.hearth.schemas.access.AccessReport;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Counts reads by key in a table of bounded size, and hands a report to a sink at each interval.
 * Thread-safe; recording neither blocks nor, for a key that was read in this interval, allocates.
 *
 * <p>Lossy in two ways. Beyond the bound of distinct keys only the number of reads is kept, and
 * reported as dropped. And a thread that is about to count while the tables are swapped may count
 * into the old one too late: at most one read for each thread and interval, which nobody reports.
 */
public final class BufferedAccessRecorder implements AccessRecorder, AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(BufferedAccessRecorder.class);
  private static final Duration CLOSE_BOUND = Duration.ofSeconds(2);

  private final String client;
  private final AccessSink sink;
  private final Options options;
  private final Thread reporter;
  private volatile AccessTable current;
  private volatile boolean closed;
  private boolean sinkFailing;

  /**
   * How a recorder works.
   *
   * @param interval of the reports; at least a millisecond
   * @param maxKeys distinct keys counted in one interval, of all caches together; at least 1
   * @param clock of the times in the reports
   * @param ticker that says when an interval has passed
   */
  public record Options(Duration interval, int maxKeys, Clock clock, Ticker ticker) {
    public Options {
      if (interval.compareTo(Duration.ofMillis(1)) < 0
          || interval.compareTo(Duration.ofHours(1)) > 0) {
        throw new IllegalArgumentException(
            "interval is " + interval + "; expected 1 millisecond to 1 hour");
      }
      if (maxKeys < 1) {
        throw new IllegalArgumentException("maxKeys is " + maxKeys + "; expected 1 or more");
      }
    }

    /** A report a second, of at most 20,000 keys. */
    public static Options defaults() {
      return new Options(Duration.ofSeconds(1), 20_000, Clock.systemUTC(), Ticker.system());
    }
  }

  private BufferedAccessRecorder(String client, AccessSink sink, Options options) {
    this.client = client;
    this.sink = sink;
    this.options = options;
    this.current = new AccessTable(options.clock().instant(), options.maxKeys(), 0);
    this.reporter = new Thread(this::reportUntilClosed, "hearth-access-reporter");
    this.reporter.setDaemon(true);
  }

  /**
   * A recorder whose thread runs until {@link #close()}. The sink stays the caller's to close,
   * after the recorder.
   *
   * @param client that the reports name; different for every process of an application
   */
  public static BufferedAccessRecorder start(String client, AccessSink sink, Options options) {
    BufferedAccessRecorder recorder = new BufferedAccessRecorder(client, sink, options);
    recorder.reporter.start();
    return recorder;
  }

  @Override
  public void hit(String cache, String key) {
    current.hit(cache, key, 0);
  }

  @Override
  public void hit(String cache, String key, int bytes) {
    current.hit(cache, key, bytes);
  }

  @Override
  public void miss(String cache, String key, long loadNanos) {
    current.miss(cache, key, loadNanos, 0);
  }

  @Override
  public void miss(String cache, String key, long loadNanos, int bytes) {
    current.miss(cache, key, loadNanos, bytes);
  }

  /** Ends the thread and hands over what is left; waits at most 2 s. What is read after is lost. */
  @Override
  public void close() {
    closed = true;
    reporter.interrupt();
    try {
      reporter.join(CLOSE_BOUND.toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void reportUntilClosed() {
    while (!closed) {
      try {
        options.ticker().await(options.interval());
      } catch (InterruptedException e) {
        // Only close() interrupts: what is left is reported, then the loop ends.
      }
      report();
    }
    // The interrupt may have met the sink: clear it, and report what was read meanwhile.
    Thread.interrupted();
    report();
  }

  /** Only the reporter swaps. An interval without reads makes no report. */
  private void report() {
    AccessTable full = current;
    Instant now = options.clock().instant();
    current = new AccessTable(now, options.maxKeys(), full.largestCache());
    if (full.isEmpty()) {
      return;
    }
    AccessReport report = full.report(client, now);
    try {
      sink.accept(report);
      sinkFailing = false;
    } catch (RuntimeException e) {
      if (!sinkFailing) {
        sinkFailing = true;
        log.warn("Access reports are lost, the sink throws: client={}", client, e);
      }
    }
  }
}
