package dev.hearth.store.standby;

import dev.hearth.schemas.position.History;
import dev.hearth.schemas.position.Position;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

/** Asks a primary for its history before a fill reads there. */
final class PrimaryCheck {
  /** The timeline of the log that is being written; the control file's lags after a promotion. */
  private static final String QUERY =
      """
      select system_identifier::text,
             case when not pg_is_in_recovery() then
               ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int
             end
        from pg_control_system()""";

  private PrimaryCheck() {}

  /**
   * Makes sure that a primary is the epoch's, or a later one's: a failover of which no epoch tells
   * yet. An earlier one's was replaced, and what was committed since is not there.
   *
   * @param expected the history of the floor's epoch
   * @throws ForeignPrimaryException where it is not
   */
  static void require(Connection connection, History expected, Position floor) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(QUERY)) {
      row.next();
      History found = new History(row.getString(1), row.getInt(2));
      if (row.wasNull()) {
        throw ForeignPrimaryException.standby(floor);
      }
      if (!expected.reaches(found)) {
        throw ForeignPrimaryException.other(found, expected, floor);
      }
    }
  }
}
