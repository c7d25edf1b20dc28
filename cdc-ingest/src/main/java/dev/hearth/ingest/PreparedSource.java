package dev.hearth.ingest;

import dev.hearth.chassis.config.HearthConfig;
import dev.hearth.chassis.config.Problem;
import dev.hearth.ingest.capture.ReplicationSetup;
import dev.hearth.ingest.capture.SourceSettings;
import dev.hearth.ingest.position.PublicationMark;
import dev.hearth.schemas.position.SourceIdentity;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import org.postgresql.replication.LogSequenceNumber;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a session has to know of the source, read anew before each. Immutable.
 *
 * @param settings with the tables that there are now
 * @param flushLsn the log's end then
 */
record PreparedSource(
    SourceSettings settings,
    TableCatalog.Findings tables,
    ReplicationSetup.Slot slot,
    SourceIdentity identity,
    long flushLsn) {
  private static final Logger LOG = LoggerFactory.getLogger(PreparedSource.class);

  /** Reads the catalog against the rules. */
  interface RuledCatalog {
    TableCatalog.Findings read(Connection connection, HearthConfig config) throws SQLException;
  }

  /**
   * Reads the catalog, and sets up publication and slot; what was set up is taken back where
   * anything fails.
   *
   * @param connection stays the caller's
   */
  static PreparedSource prepare(Connection connection, HearthConfig config, RuledCatalog catalog)
      throws SQLException {
    SourceSettings settings =
        SourceCheck.settings(config, TablePatterns.resolve(connection, config.rules()).rules());
    ReplicationSetup setup = new ReplicationSetup(connection, settings);
    setup.checkServer();
    TableCatalog.Findings tables = catalog.read(connection, config);
    for (Problem warning : tables.warnings()) {
      LOG.warn("rule {}", warning);
    }
    for (Problem problem : tables.problems()) {
      LOG.warn("rule does not fit the source; what depends on its table is voided {}", problem);
    }
    try {
      setup.ensurePublication(tables.shapes().keySet());
      ReplicationSetup.Slot slot = setup.ensureSlot();
      // Once more, since the slot may be younger than what was read. Where nothing changed
      // around its birth, what was read before holds for all that it streams.
      TableCatalog.Findings after = catalog.read(connection, config);
      TableCatalog.Findings settled =
          slot.createdNow() && after.identities().equals(tables.identities()) ? tables : after;
      return read(connection, settings, settled, slot);
    } catch (SQLException | RuntimeException e) {
      setup.undo();
      throw e;
    }
  }

  private static PreparedSource read(
      Connection connection,
      SourceSettings settings,
      TableCatalog.Findings tables,
      ReplicationSetup.Slot slot)
      throws SQLException {
    // The timeline of the log that is being written; a checkpoint's would lag after a promotion.
    // Somebody may reset one kind of statistics, a crash resets all.
    try (PreparedStatement query =
        connection.prepareStatement(
            "select system_identifier::text,"
                + " ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int,"
                + " least((select stats_reset from pg_stat_bgwriter),"
                + " (select stats_reset from pg_stat_archiver)),"
                + " pg_current_wal_flush_lsn()::text, "
                + PublicationMark.QUERY
                + " from pg_control_system()")) {
      query.setString(1, settings.publication());
      try (ResultSet row = query.executeQuery()) {
        row.next();
        OffsetDateTime statisticsSince = row.getObject(3, OffsetDateTime.class);
        SourceIdentity identity =
            new SourceIdentity(
                row.getString(1),
                row.getInt(2),
                settings.slot(),
                slot.createdNow() ? slot.confirmedFlushLsn() : 0,
                row.getString(5),
                statisticsSince == null ? Instant.EPOCH : statisticsSince.toInstant());
        return new PreparedSource(
            settings, tables, slot, identity, LogSequenceNumber.valueOf(row.getString(4)).asLong());
      }
    }
  }
}
