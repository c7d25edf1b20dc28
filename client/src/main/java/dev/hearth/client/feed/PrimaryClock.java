package dev.hearth.client.feed;

import dev.hearth.schemas.position.History;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongSupplier;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads the primary's clock from time to time, in a thread of its own: where the database does not
 * answer, the last reading goes on counting. Thread-safe.
 */
final class PrimaryClock implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(PrimaryClock.class);
  private static final Duration INTERVAL = Duration.ofSeconds(5);

  private final DataSource primary;
  private final LongSupplier ticker;
  private final ScheduledExecutorService thread;
  private final AtomicBoolean failing = new AtomicBoolean();
  private volatile @Nullable ClockReading reading;

  PrimaryClock(DataSource primary, LongSupplier ticker) {
    this.primary = primary;
    this.ticker = ticker;
    this.thread =
        Executors.newSingleThreadScheduledExecutor(
            task -> {
              Thread created = new Thread(task, "hearth-primary-clock");
              created.setDaemon(true);
              return created;
            });
  }

  void start() {
    ScheduledFuture<?> unused =
        thread.scheduleWithFixedDelay(this::read, 0, INTERVAL.toMillis(), TimeUnit.MILLISECONDS);
  }

  /** Does not wait for the next turn: there may be another primary. */
  void readSoon() {
    try {
      thread.execute(this::read);
    } catch (RejectedExecutionException e) {
      log.debug("The clock is not read any more");
    }
  }

  /** Most that a time on a history's clock may be old; empty before that clock was read. */
  Optional<Duration> ageOf(Instant time, History history) {
    ClockReading latest = reading;
    return latest == null || !latest.history().equals(history)
        ? Optional.empty()
        : Optional.of(latest.ageOf(time, ticker.getAsLong()));
  }

  private void read() {
    try (Connection connection = primary.getConnection()) {
      long asked = ticker.getAsLong();
      PrimaryMoment moment = PrimaryMoment.of(connection);
      if (!connection.getAutoCommit()) {
        connection.rollback();
      }
      reading = new ClockReading(moment.history(), moment.time(), asked);
      if (failing.compareAndSet(true, false)) {
        log.info("The primary's clock is read again");
      }
    } catch (SQLException | RuntimeException e) {
      if (failing.compareAndSet(false, true)) {
        log.warn("The primary's clock cannot be read: error={}", e.toString());
      }
    }
  }

  @Override
  public void close() {
    thread.shutdownNow();
  }
}
