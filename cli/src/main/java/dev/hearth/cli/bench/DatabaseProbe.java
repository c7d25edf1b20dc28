package dev.hearth.cli.bench;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import javax.sql.DataSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One small query, always the same, on a connection of its own: what a neighbour of the application
 * feels of the load on the database, whatever the application asks for. A query begins when it is
 * due, or as soon as the one before it has ended.
 */
final class DatabaseProbe implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(DatabaseProbe.class);
  private static final long EVERY_NANOS = TimeUnit.MILLISECONDS.toNanos(5);
  private static final long CLOSE_MILLIS = 10_000;
  private static final String QUERY = "select name from category where id = 1";

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
        long asked = System.nanoTime();
        try (ResultSet row = query.executeQuery()) {
          row.next();
        }
        long answered = System.nanoTime();
        latencies.recordNanos(answered - asked);
        next = Math.max(next + EVERY_NANOS, answered);
      }
    } catch (SQLException e) {
      log.error("the database's latency is measured no more", e);
    }
  }

  @Override
  public void close() throws InterruptedException, SQLException {
    stopping = true;
    thread.join(CLOSE_MILLIS);
    connection.close();
  }
}
