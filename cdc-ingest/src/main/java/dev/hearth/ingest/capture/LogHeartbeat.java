package dev.hearth.ingest.capture;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Set;

/**
 * Writes an empty logical message, so that watermarks move when nothing changes, and looks at what
 * nothing in the log tells of: the slot, tables and partitions. Not thread-safe.
 */
public final class LogHeartbeat implements AutoCloseable {
  private static final int TIMEOUT_SECONDS = 10;

  private final Connection connection;
  private final PreparedStatement emit;
  private final PreparedStatement retained;

  /**
   * Takes over the connection, and closes it.
   *
   * @param connection whose commits wait for no standby: an absent one would end the watermarks
   */
  public LogHeartbeat(Connection connection, String slot) throws SQLException {
    this.connection = connection;
    connection.setAutoCommit(true);
    this.emit =
        connection.prepareStatement(
            "select pg_logical_emit_message(true, '" + LogEngine.HEARTBEAT_PREFIX + "', '')");
    emit.setQueryTimeout(TIMEOUT_SECONDS);
    this.retained =
        connection.prepareStatement(
            "select pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)::bigint"
                + " from pg_replication_slots where slot_name = ?");
    retained.setString(1, slot);
    retained.setQueryTimeout(TIMEOUT_SECONDS);
  }

  public void beat() throws SQLException {
    emit.execute();
  }

  /** Bytes of log that the server keeps for the slot; 0 where there is no such slot. */
  public long retainedBytes() throws SQLException {
    try (ResultSet row = retained.executeQuery()) {
      return row.next() ? row.getLong(1) : 0;
    }
  }

  /** Names of the tables that there are now. */
  public List<String> tables() throws SQLException {
    return TableNames.read(connection);
  }

  /** How the catalog shows some tables now. */
  public TableMarks marks(Set<String> tables) throws SQLException {
    return TableMarks.read(connection, tables, TIMEOUT_SECONDS);
  }

  @Override
  public void close() throws SQLException {
    connection.close();
  }
}
