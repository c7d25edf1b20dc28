package dev.hearth.ingest.capture;

import dev.hearth.chassis.StartupException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.postgresql.replication.LogSequenceNumber;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Slot and publication: looked up, and created where the role may. What it may not create is
 * printed as SQL for the owner. What was created by a start that then fails is removed again. Not
 * thread-safe.
 */
public final class ReplicationSetup {
  private static final Logger LOG = LoggerFactory.getLogger(ReplicationSetup.class);

  private final Connection connection;
  private final SourceSettings settings;
  private boolean createdPublication;
  private boolean createdSlot;

  /** The connection stays the caller's. */
  public ReplicationSetup(Connection connection, SourceSettings settings) {
    this.connection = connection;
    this.settings = settings;
  }

  /**
   * The slot as it will be used.
   *
   * @param confirmedFlushLsn from where it streams, in bytes
   * @param activePid backend that streams from it now
   */
  public record Slot(boolean createdNow, long confirmedFlushLsn, Optional<Integer> activePid) {}

  /** Refuses what can never work, before anything is created. */
  public void checkServer() throws SQLException {
    String walLevel = one("show wal_level");
    if (!"logical".equals(walLevel)) {
      throw new StartupException(
          "source.postgres.url: wal_level is "
              + walLevel
              + ", logical decoding needs logical; as a superuser run"
              + " ALTER SYSTEM SET wal_level = logical and restart PostgreSQL",
          1);
    }
    if ("t".equals(one("select pg_is_in_recovery()"))) {
      throw new StartupException(
          "source.postgres.url: "
              + settings.url()
              + " is a standby, whose snapshots cannot tell what is visible; name the primary",
          1);
    }
    if (!"t"
        .equals(
            one(
                // On Amazon RDS membership of rds_replication stands for the attribute.
                "select rolreplication or rolsuper or exists (select from pg_roles managed where"
                    + " managed.rolname = 'rds_replication'"
                    + " and pg_has_role(current_user, managed.oid, 'member'))"
                    + " from pg_roles where rolname = current_user"))) {
      throw new StartupException(
          "source.postgres.user: role \""
              + settings.user()
              + "\" may not replicate; as a superuser run ALTER ROLE "
              + Sql.identifier(settings.user())
              + " REPLICATION",
          1);
    }
  }

  /**
   * The publication for just the ruled tables, truncates included.
   *
   * @param wanted the tables that can be published now
   */
  public void ensurePublication(Set<String> wanted) throws SQLException {
    Set<String> published = new TreeSet<>();
    boolean exists;
    try (PreparedStatement query =
        connection.prepareStatement(
            "select pubinsert and pubupdate and pubdelete and pubtruncate, pubviaroot"
                + " from pg_publication where pubname = ?")) {
      query.setString(1, settings.publication());
      try (ResultSet row = query.executeQuery()) {
        exists = row.next();
        if (exists && (!row.getBoolean(1) || !row.getBoolean(2))) {
          throw refused(
              "publication \""
                  + settings.publication()
                  + "\" leaves out operations, or publishes partitions under their own names",
              "ALTER PUBLICATION "
                  + publication()
                  + " SET (publish = 'insert, update, delete, truncate',"
                  + " publish_via_partition_root = true)");
        }
      }
    }
    if (exists) {
      try (PreparedStatement query =
          connection.prepareStatement(
              "select schemaname || '.' || tablename from pg_publication_tables where pubname = ?")) {
        query.setString(1, settings.publication());
        try (ResultSet rows = query.executeQuery()) {
          while (rows.next()) {
            published.add(rows.getString(1));
          }
        }
      }
    }
    if (exists) {
      refusePartialTables();
    }
    Set<String> missing = new TreeSet<>(wanted);
    missing.removeAll(published);
    if (exists && missing.isEmpty()) {
      return;
    }
    String sql =
        exists
            ? "ALTER PUBLICATION " + publication() + " ADD TABLE " + tables(missing)
            : "CREATE PUBLICATION "
                + publication()
                + " FOR TABLE "
                + tables(wanted)
                + " WITH (publish = 'insert, update, delete, truncate',"
                + " publish_via_partition_root = true)";
    try {
      execute(sql);
      createdPublication = !exists;
      LOG.info("publication ready name={} tables={}", settings.publication(), wanted);
    } catch (SQLException e) {
      throw refused(
          "role \""
              + settings.user()
              + "\" may not "
              + (exists ? "change" : "create")
              + " publication \""
              + settings.publication()
              + "\" ("
              + SourceDatabase.firstLine(e)
              + ")",
          sql);
    }
  }

  /** PostgreSQL 15 and later can publish some rows or columns of a table only. */
  private void refusePartialTables() throws SQLException {
    if (connection.getMetaData().getDatabaseMajorVersion() < 15) {
      return;
    }
    try (PreparedStatement query =
        connection.prepareStatement(
            "select n.nspname || '.' || c.relname from pg_publication_rel r"
                + " join pg_publication p on p.oid = r.prpubid join pg_class c on c.oid = r.prrelid"
                + " join pg_namespace n on n.oid = c.relnamespace"
                + " where p.pubname = ? and (r.prqual is not null or r.prattrs is not null)")) {
      query.setString(1, settings.publication());
      try (ResultSet rows = query.executeQuery()) {
        while (rows.next()) {
          String table = rows.getString(1);
          if (settings.tables().contains(table)) {
            throw refused(
                "publication \""
                    + settings.publication()
                    + "\" leaves out rows or columns of "
                    + table,
                "ALTER PUBLICATION "
                    + publication()
                    + " DROP TABLE "
                    + Sql.table(table)
                    + "; ALTER PUBLICATION "
                    + publication()
                    + " ADD TABLE "
                    + Sql.table(table));
          }
        }
      }
    }
  }

  /** The slot; created where there is none, which waits for every transaction that writes now. */
  public Slot ensureSlot() throws SQLException {
    Optional<Slot> existing = slot();
    if (existing.isPresent()) {
      return existing.get();
    }
    LOG.info(
        "creating slot name={}; this waits for every transaction that writes now", settings.slot());
    try (PreparedStatement create =
        connection.prepareStatement(
            "select lsn::text from pg_create_logical_replication_slot(?, 'pgoutput')")) {
      create.setString(1, settings.slot());
      try (ResultSet row = create.executeQuery()) {
        row.next();
        createdSlot = true;
        long lsn = LogSequenceNumber.valueOf(row.getString(1)).asLong();
        LOG.info("slot created name={} lsn={}", settings.slot(), row.getString(1));
        return new Slot(true, lsn, Optional.empty());
      }
    } catch (SQLException e) {
      throw refused(
          "slot \""
              + settings.slot()
              + "\" cannot be created ("
              + SourceDatabase.firstLine(e)
              + ")",
          "SELECT pg_create_logical_replication_slot("
              + Sql.literal(settings.slot())
              + ", 'pgoutput')");
    }
  }

  /** The slot as it is now; empty where there is none. */
  public Optional<Slot> slot() throws SQLException {
    try (PreparedStatement query =
        connection.prepareStatement(
            "select plugin, database = current_database(), confirmed_flush_lsn::text, active_pid,"
                + " coalesce(wal_status = 'lost', false)"
                + " from pg_replication_slots where slot_name = ?")) {
      query.setString(1, settings.slot());
      try (ResultSet row = query.executeQuery()) {
        if (!row.next()) {
          return Optional.empty();
        }
        if (!"pgoutput".equals(row.getString(1)) || !row.getBoolean(2)) {
          throw new StartupException(
              "source.postgres.slot: slot \""
                  + settings.slot()
                  + "\" belongs to another database or plugin; choose another name",
              1);
        }
        if (row.getBoolean(5)) {
          throw refused(
              "slot \""
                  + settings.slot()
                  + "\" is lost: the server removed log that it still needed"
                  + " (max_slot_wal_keep_size)",
              "SELECT pg_drop_replication_slot(" + Sql.literal(settings.slot()) + ")");
        }
        int pid = row.getInt(4);
        Optional<Integer> activePid = row.wasNull() ? Optional.empty() : Optional.of(pid);
        return Optional.of(
            new Slot(false, LogSequenceNumber.valueOf(row.getString(3)).asLong(), activePid));
      }
    }
  }

  /** Takes back what this start created, after a failure. */
  public void undo() {
    List<String> statements = new ArrayList<>();
    if (createdSlot) {
      statements.add("SELECT pg_drop_replication_slot(" + Sql.literal(settings.slot()) + ")");
    }
    if (createdPublication) {
      statements.add("DROP PUBLICATION IF EXISTS " + publication());
    }
    for (String statement : statements) {
      try {
        execute(statement);
      } catch (SQLException e) {
        LOG.warn("could not take back; the owner may run sql=\"{}\"", statement, e);
      }
    }
  }

  private StartupException refused(String what, String sql) {
    return new StartupException(
        "source.postgres: " + what + "; the owner of the tables may run: " + sql, 1);
  }

  private String publication() {
    return Sql.identifier(settings.publication());
  }

  private static String tables(Set<String> tables) {
    return tables.stream().map(Sql::table).collect(Collectors.joining(", "));
  }

  private String one(String sql) throws SQLException {
    try (PreparedStatement query = connection.prepareStatement(sql);
        ResultSet row = query.executeQuery()) {
      return row.next() ? row.getString(1) : "";
    }
  }

  private void execute(String sql) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      statement.execute();
    }
  }
}
