package dev.hearth.ingest.capture;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;

/**
 * Writes an empty logical message, so that watermarks move when nothing changes. On a connection of
 * its own, with {@code synchronous_commit=local}: on the gate's connection, an absent standby would
 * hang the gate. Not thread-safe.
 */
public final class LogHeartbeat implements AutoCloseable {
  private static final int TIMEOUT_SECONDS = 10;

  private final Connection connection;
  private final PreparedStatement emit;

  /** Takes over the connection, and closes it. */
  public LogHeartbeat(Connection connection) throws SQLException {
    this.connection = connection;
    connection.setAutoCommit(true);
    try (Statement statement = connection.createStatement()) {
      statement.execute("set synchronous_commit = local");
    }
    this.emit =
        connection.prepareStatement(
            "select pg_logical_emit_message(true, '" + LogEngine.HEARTBEAT_PREFIX + "', '')");
    emit.setQueryTimeout(TIMEOUT_SECONDS);
  }

  public void beat() throws SQLException {
    emit.execute();
  }

  @Override
  public void close() throws SQLException {
    connection.close();
  }
}
