package dev.hearth.warmer.guard;

import dev.hearth.schemas.position.History;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;

/**
 * Where a primary stood at a moment: everything that could be read on it before then has a commit
 * record that ends at or before this LSN.
 *
 * @param askedNanos on this process's monotonic clock, before the primary was asked
 */
record PrimaryMark(long askedNanos, History history, long lsn) {
  // A standby refuses most of these functions: CASE keeps it from being asked.
  private static final String QUERY =
      """
      select system_identifier::text,
             case when not pg_is_in_recovery() then
               (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::bigint
             end,
             case when not pg_is_in_recovery() then
               ('x' || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8))::bit(32)::int
             end
        from pg_control_system()""";

  /**
   * Asks.
   *
   * @throws SQLException if the server does not answer in time, or is a standby
   */
  static PrimaryMark of(Connection connection, long nowNanos, Duration timeout)
      throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.setQueryTimeout((int) Math.max(1, timeout.toSeconds()));
      try (ResultSet row = statement.executeQuery(QUERY)) {
        row.next();
        long lsn = row.getLong(2);
        if (row.wasNull()) {
          throw new SQLException("source.postgres.url leads to a standby; expected the primary");
        }
        return new PrimaryMark(nowNanos, new History(row.getString(1), row.getInt(3)), lsn);
      }
    }
  }
}
