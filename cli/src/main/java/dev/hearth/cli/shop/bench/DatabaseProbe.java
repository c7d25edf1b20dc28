package dev.hearth.cli.shop.bench;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.sql.DataSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One small query, always the same, on a connection of its own, and how long PostgreSQL says that
 * it executed it: what a run does to the database, whatever the application asks for, and however
 * long this process, which shares its processors, waits for them. A query begins when it is due, or
 * as soon as the one before it has ended.
 */
final class DatabaseProbe implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(DatabaseProbe.class);
  private static final long EVERY_NANOS = TimeUnit.MILLISECONDS.toNanos(5);
  private static final long CLOSE_MILLIS = 10_000;

  /** Some tenth of a millisecond of work, all of it in memory. */
  private static final String QUERY =
      "explain (analyze, timing off, buffers off)"
          + " select sum(length(name)) from product where id <= 500";

  private static final Pattern EXECUTION = Pattern.compile("Execution Time: ([0-9.]+) ms");

  private final Latencies latencies;
  private final Connection connection;
  private final Thread thread = new Thread(this::ask, "bench-probe");
  private volatile boolean stopping;

  private DatabaseProbe(Latencies latencies, Connection connection) {
    this.latencies = latencies;
    this.connection = connection;
    thread.setDaemon(true);
  }

  static DatabaseProbe start(DataSource database, Latencies latencies) throws SQLException {
    DatabaseProbe probe = new DatabaseProbe(latencies, database.getConnection());
    probe.thread.start();
    return probe;
  }

  private void ask() {
    try (PreparedStatement query = connection.prepareStatement(QUERY)) {
      long next = System.nanoTime();
      while (!stopping) {
        long wait = next - System.nanoTime();
        if (wait > 0) {
          LockSupport.parkNanos(wait);
          continue;
        }
        latencies.recordNanos(executionNanos(query));
        next = Math.max(next + EVERY_NANOS, System.nanoTime());
      }
    } catch (SQLException e) {
      log.error("the database's latency is measured no more", e);
    }
  }

  private static long executionNanos(PreparedStatement query) throws SQLException {
    StringBuilder plan = new StringBuilder();
    try (ResultSet line = query.executeQuery()) {
      while (line.next()) {
        plan.append(line.getString(1)).append('\n');
      }
    }
    Matcher execution = EXECUTION.matcher(plan);
    if (!execution.find()) {
      throw new SQLException("expected an execution time in the plan, found: " + plan);
    }
    return (long) (Double.parseDouble(execution.group(1)) * 1e6);
  }

  @Override
  public void close() throws InterruptedException, SQLException {
    stopping = true;
    thread.join(CLOSE_MILLIS);
    connection.close();
  }
}
