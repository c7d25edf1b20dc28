package dev.hearth.store.standby;

import dev.hearth.schemas.position.Position;
import dev.hearth.schemas.position.SourceIdentity;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

/**
 * What makes the LSNs of two servers comparable: one cluster, on one timeline.
 *
 * @param systemIdentifier PostgreSQL's system identifier
 * @param timeline at least 1
 */
public record History(String systemIdentifier, int timeline) {
  /** The timeline of the log that is being written; the control file's lags after a promotion. */
  private static final String OF_A_PRIMARY =
      """
      select system_identifier::text,
             case when not pg_is_in_recovery() then
               ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int
             end
        from pg_control_system()""";

  /** The history that an epoch is bound to. */
  public static History of(SourceIdentity identity) {
    return new History(identity.systemIdentifier(), identity.timeline());
  }

  /**
   * Makes sure that a primary is this history's, or a later one's: a failover of which no epoch
   * tells yet. An earlier one's was replaced, and what was committed since is not there.
   *
   * @param floor whose epoch this history is
   * @throws ForeignPrimaryException where it is not
   */
  void requirePrimary(Connection connection, Position floor) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(OF_A_PRIMARY)) {
      row.next();
      History found = new History(row.getString(1), row.getInt(2));
      if (row.wasNull()) {
        throw ForeignPrimaryException.standby(floor);
      }
      if (!found.systemIdentifier().equals(systemIdentifier) || found.timeline() < timeline) {
        throw ForeignPrimaryException.other(found, this, floor);
      }
    }
  }
}
