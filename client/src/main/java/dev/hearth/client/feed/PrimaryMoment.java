package dev.hearth.client.feed;

import dev.hearth.schemas.position.History;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.time.OffsetDateTime;

/**
 * What a primary says of itself in one query.
 *
 * @param insertLsn end of the written log in bytes: at or above the end of every commit record
 *     written before
 * @param time on the database's clock
 * @param writing whether the connection's open transaction has written something
 */
public record PrimaryMoment(History history, long insertLsn, Instant time, boolean writing) {
  private static final int TIMEOUT_SECONDS = 5;

  // The timeline of the log that is being written; a checkpoint's would lag after a promotion.
  // A standby refuses most of these functions: CASE keeps it from being asked.
  private static final String QUERY =
      """
      select case when pg_is_in_recovery() then null else clock_timestamp() end,
             (select system_identifier::text from pg_control_system()),
             case when pg_is_in_recovery() then null else
               ('x' || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8))::bit(32)::int
             end,
             case when pg_is_in_recovery() then null else
               (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::bigint
             end,
             pg_current_xact_id_if_assigned() is not null
      """;

  /**
   * Asks, in the connection's transaction if it has one open.
   *
   * @throws SQLException if the server does not answer within 5 s or is a standby
   */
  public static PrimaryMoment of(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.setQueryTimeout(TIMEOUT_SECONDS);
      try (ResultSet row = statement.executeQuery(QUERY)) {
        row.next();
        OffsetDateTime time = row.getObject(1, OffsetDateTime.class);
        if (time == null) {
          throw new SQLException(
              "the connection leads to a standby, which knows neither the end of the log nor what"
                  + " the primary shows; expected the primary that the writes go to");
        }
        return new PrimaryMoment(
            new History(row.getString(2), row.getInt(3)),
            row.getLong(4),
            time.toInstant(),
            row.getBoolean(5));
      }
    }
  }
}
