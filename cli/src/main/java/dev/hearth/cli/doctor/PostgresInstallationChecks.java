package dev.hearth.cli.doctor;

import dev.hearth.chassis.StartupException;
import dev.hearth.chassis.config.ConfigException;
import dev.hearth.chassis.config.HearthConfig;
import dev.hearth.chassis.config.Problem;
import dev.hearth.ingest.SourceCheck;
import dev.hearth.ingest.capture.ReplicationSetup;
import dev.hearth.ingest.capture.SourceSettings;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** What the source has to hold for the rules of this configuration: role, tables, slot. */
final class PostgresInstallationChecks {
  private static final long MUCH_LOG_BYTES = 1L << 30;
  private static final String ALL_OPERATIONS =
      "publish = 'insert, update, delete, truncate', publish_via_partition_root = true";

  private PostgresInstallationChecks() {}

  static List<Check<Connection>> of(HearthConfig config, SourceSettings settings) {
    Set<String> tables = tables(config);
    return List.of(
        Check.of(
            "replication",
            db -> new ReplicationSetup(db, settings).mayReplicate(),
            may -> mayReplicate(settings.user(), may)),
        Check.of(
            "select",
            db -> unreadable(db, tables),
            tablesLeft -> select(settings.user(), tablesLeft)),
        Check.several("rules", db -> rules(config), each -> each),
        Check.of(
            "publication", db -> publication(db, settings), found -> publication(found, settings)),
        Check.of("slot", db -> slot(db, settings), found -> slot(found, settings)));
  }

  /** Those that rules follow or go through. */
  static Set<String> tables(HearthConfig config) {
    Set<String> tables = new TreeSet<>();
    for (HearthConfig.Rule rule : config.rules()) {
      tables.add(rule.table());
      HearthConfig.Through through = rule.through();
      while (through != null) {
        tables.add(through.table());
        through = through.through();
      }
    }
    return tables;
  }

  static Verdict mayReplicate(String role, boolean may) {
    return may
        ? Verdict.ok("role " + role + " may replicate")
        : Verdict.problem(
            "role " + role + " may not replicate",
            "ALTER ROLE "
                + Sql.identifier(role)
                + " REPLICATION (Amazon: GRANT rds_replication TO "
                + Sql.identifier(role)
                + ")");
  }

  private static Set<String> unreadable(Connection db, Set<String> tables) throws SQLException {
    return names(
        db,
        "select n.nspname || '.' || c.relname from pg_class c"
            + " join pg_namespace n on n.oid = c.relnamespace"
            + " where n.nspname || '.' || c.relname = any(?) and c.relkind in ('r', 'p')"
            + " and not (has_table_privilege(c.oid, 'SELECT')"
            + " and has_schema_privilege(n.oid, 'USAGE'))",
        tables);
  }

  static Verdict select(String role, Set<String> unreadable) {
    if (unreadable.isEmpty()) {
      return Verdict.ok("every table that a rule names can be read");
    }
    String schemas =
        unreadable.stream()
            .map(table -> Sql.identifier(table.substring(0, table.indexOf('.'))))
            .distinct()
            .collect(Collectors.joining(", "));
    return Verdict.warning(
        "role "
            + role
            + " may not read "
            + String.join(", ", unreadable)
            + ": neither warm-ups nor the audit nor snapshots of rows can",
        "GRANT USAGE ON SCHEMA "
            + schemas
            + " TO "
            + Sql.identifier(role)
            + "; GRANT SELECT ON "
            + list(unreadable)
            + " TO "
            + Sql.identifier(role));
  }

  /** The same as the services ask at their start, replica identities among it. */
  private static List<Verdict> rules(HearthConfig config) {
    List<Problem> costs;
    try {
      costs = SourceCheck.check(config);
    } catch (ConfigException e) {
      return e.problems().stream().map(problem -> Verdict.problem(problem.toString())).toList();
    } catch (StartupException e) {
      // The other checks name what it is.
      return List.of(Verdict.unknown("were not compared with the schema, for what is said above"));
    }
    if (costs.isEmpty()) {
      return List.of(Verdict.ok("fit the schema, and find what they need in the log"));
    }
    return costs.stream().map(PostgresInstallationChecks::costly).toList();
  }

  private static Verdict costly(Problem cost) {
    return cost.cure()
        .map(cure -> Verdict.warning(cost.finding(), cure.statement()))
        .orElseGet(() -> Verdict.warning(cost.finding()));
  }

  /**
   * A publication as it is.
   *
   * @param complete every operation, partitions under the name of their root
   * @param partial tables of which rows or columns are left out
   * @param owned whether the role may change it
   * @param notOwned tables of the rules that the role may not add
   * @param mayCreate whether it may create one in this database
   */
  record Publication(
      boolean exists,
      boolean complete,
      Set<String> tables,
      Set<String> partial,
      boolean owned,
      Set<String> notOwned,
      boolean mayCreate) {}

  private static Publication publication(Connection db, SourceSettings settings)
      throws SQLException {
    boolean exists;
    boolean complete = false;
    boolean owned = false;
    try (PreparedStatement query =
        db.prepareStatement(
            "select pubinsert and pubupdate and pubdelete and pubtruncate and pubviaroot,"
                + " pg_has_role(pubowner, 'USAGE') from pg_publication where pubname = ?")) {
      query.setString(1, settings.publication());
      try (ResultSet row = query.executeQuery()) {
        exists = row.next();
        if (exists) {
          complete = row.getBoolean(1);
          owned = row.getBoolean(2);
        }
      }
    }
    return new Publication(
        exists,
        complete,
        named(
            db,
            "select schemaname || '.' || tablename from pg_publication_tables where pubname = ?",
            settings.publication()),
        db.getMetaData().getDatabaseMajorVersion() < 15
            ? Set.of()
            : named(
                db,
                "select n.nspname || '.' || c.relname from pg_publication_rel r"
                    + " join pg_publication p on p.oid = r.prpubid"
                    + " join pg_class c on c.oid = r.prrelid"
                    + " join pg_namespace n on n.oid = c.relnamespace"
                    + " where p.pubname = ? and (r.prqual is not null or r.prattrs is not null)",
                settings.publication()),
        owned,
        names(
            db,
            "select n.nspname || '.' || c.relname from pg_class c"
                + " join pg_namespace n on n.oid = c.relnamespace"
                + " where n.nspname || '.' || c.relname = any(?)"
                + " and not pg_has_role(c.relowner, 'USAGE')",
            settings.tables()),
        Sql.one(db, "select has_database_privilege(current_database(), 'CREATE')").equals("t"));
  }

  static Verdict publication(Publication found, SourceSettings settings) {
    String name = Sql.identifier(settings.publication());
    if (!found.exists()) {
      String create =
          "CREATE PUBLICATION "
              + name
              + " FOR TABLE "
              + list(settings.tables())
              + " WITH ("
              + ALL_OPERATIONS
              + ")";
      return found.mayCreate() && found.notOwned().isEmpty()
          ? Verdict.ok(settings.publication() + " is not there yet, and created at the start")
          : Verdict.problem(
              settings.publication()
                  + " is not there, and role "
                  + settings.user()
                  + " may not create it: it needs CREATE on the database and the ownership of the"
                  + " tables",
              "as their owner, " + create);
    }
    if (!found.complete()) {
      return Verdict.problem(
          settings.publication()
              + " leaves out operations, or publishes partitions under their own names",
          "ALTER PUBLICATION " + name + " SET (" + ALL_OPERATIONS + ")");
    }
    Set<String> partial = new TreeSet<>(found.partial());
    partial.retainAll(settings.tables());
    if (!partial.isEmpty()) {
      return Verdict.problem(
          settings.publication() + " leaves out rows or columns of " + String.join(", ", partial),
          "ALTER PUBLICATION "
              + name
              + " DROP TABLE "
              + list(partial)
              + "; ALTER PUBLICATION "
              + name
              + " ADD TABLE "
              + list(partial));
    }
    Set<String> missing = new TreeSet<>(settings.tables());
    missing.removeAll(found.tables());
    if (missing.isEmpty()) {
      return Verdict.ok(settings.publication() + " has every table of the rules");
    }
    Set<String> notOwned = new TreeSet<>(missing);
    notOwned.retainAll(found.notOwned());
    return found.owned() && notOwned.isEmpty()
        ? Verdict.ok(
            settings.publication()
                + " does not have "
                + String.join(", ", missing)
                + " yet; added at the start")
        : Verdict.problem(
            settings.publication()
                + " does not have "
                + String.join(", ", missing)
                + ", and role "
                + settings.user()
                + " may not add them",
            "as their owner, ALTER PUBLICATION " + name + " ADD TABLE " + list(missing));
  }

  /**
   * A slot as it is.
   *
   * @param ours whether it is pgoutput's, of this database
   * @param reader who streams from it
   * @param status what became of the log that it needs, as the server says
   * @param retainedBytes of log that are kept for it
   * @param boundMegabytes max_slot_wal_keep_size; negative: none
   */
  record Slot(
      boolean ours,
      Optional<String> reader,
      String status,
      long retainedBytes,
      long boundMegabytes) {}

  private static Optional<Slot> slot(Connection db, SourceSettings settings) throws SQLException {
    try (PreparedStatement query =
        db.prepareStatement(
            """
            select s.plugin = 'pgoutput' and s.database = current_database(),
                   case when s.active_pid is not null
                        then coalesce(nullif(a.application_name, ''), 'backend') || ' (pid '
                             || s.active_pid || coalesce(' from ' || host(a.client_addr), '') || ')'
                   end,
                   coalesce(s.wal_status, ''),
                   coalesce(pg_wal_lsn_diff(
                       case when pg_is_in_recovery() then pg_last_wal_replay_lsn()
                            else pg_current_wal_lsn() end, s.restart_lsn), 0)::bigint,
                   (select setting::bigint from pg_settings where name = 'max_slot_wal_keep_size')
              from pg_replication_slots s left join pg_stat_activity a on a.pid = s.active_pid
             where s.slot_name = ?
            """)) {
      query.setString(1, settings.slot());
      try (ResultSet row = query.executeQuery()) {
        return row.next()
            ? Optional.of(
                new Slot(
                    row.getBoolean(1),
                    Optional.ofNullable(row.getString(2)),
                    row.getString(3),
                    row.getLong(4),
                    row.getLong(5)))
            : Optional.empty();
      }
    }
  }

  static Verdict slot(Optional<Slot> found, SourceSettings settings) {
    if (found.isEmpty()) {
      return Verdict.ok(settings.slot() + " is not there yet, and created at the start");
    }
    Slot slot = found.get();
    String drop = "SELECT pg_drop_replication_slot('" + settings.slot().replace("'", "''") + "')";
    if (!slot.ours()) {
      return Verdict.problem(
          settings.slot() + " belongs to another database or plugin",
          "choose another name in source.postgres.slot");
    }
    if (slot.status().equals("lost")) {
      return Verdict.problem(
          settings.slot()
              + " is lost: the server removed log that it still needed (max_slot_wal_keep_size)",
          drop + "; the next start creates it anew, and voids what is cached");
    }
    String kept = Texts.bytes(slot.retainedBytes()) + " of log are kept for it";
    String reader = slot.reader().map(who -> "read by " + who).orElse("read by nobody");
    if (slot.status().equals("unreserved")) {
      return Verdict.problem(
          settings.slot() + " is about to be lost: " + kept + ", " + reader,
          "start the ingest, or raise max_slot_wal_keep_size");
    }
    if (slot.reader().isEmpty() && slot.retainedBytes() > MUCH_LOG_BYTES) {
      return Verdict.warning(
          settings.slot() + " is " + reader + ", and " + kept + ": it fills the disk",
          "start the ingest, or, if it is not needed any more: hearth teardown");
    }
    if (slot.boundMegabytes() < 0) {
      return Verdict.warning(
          settings.slot()
              + " is "
              + reader
              + "; max_slot_wal_keep_size sets no bound, so that a slot which nobody reads fills the"
              + " disk",
          "ALTER SYSTEM SET max_slot_wal_keep_size = '50GB'; SELECT pg_reload_conf()");
    }
    return Verdict.ok(settings.slot() + " is " + reader + "; " + kept);
  }

  private static String list(Collection<String> tables) {
    return tables.stream().sorted().map(Sql::table).collect(Collectors.joining(", "));
  }

  private static Set<String> named(Connection db, String sql, String name) throws SQLException {
    try (PreparedStatement query = db.prepareStatement(sql)) {
      query.setString(1, name);
      return read(query);
    }
  }

  private static Set<String> names(Connection db, String sql, Set<String> of) throws SQLException {
    try (PreparedStatement query = db.prepareStatement(sql)) {
      query.setArray(1, db.createArrayOf("text", of.toArray()));
      return read(query);
    }
  }

  private static Set<String> read(PreparedStatement query) throws SQLException {
    List<String> names = new ArrayList<>();
    try (ResultSet rows = query.executeQuery()) {
      while (rows.next()) {
        names.add(rows.getString(1));
      }
    }
    return new TreeSet<>(names);
  }
}
