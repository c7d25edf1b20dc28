package dev.hearth.cli.doctor;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** What the PostgreSQL server itself has to be like, whatever the rules are. */
final class PostgresServerChecks {
  private static final int OLDEST = 14;
  private static final Duration LONG_TRANSACTION = Duration.ofMinutes(5);
  private static final Duration SHORTEST_SENDER_TIMEOUT = Duration.ofSeconds(20);

  private PostgresServerChecks() {}

  static List<Check<Connection>> of(String slot) {
    return List.of(
        Check.of(
            "version",
            db -> Sql.one(db, "show server_version_num"),
            found -> version(Integer.parseInt(found))),
        Check.of(
            "primary",
            db -> Sql.one(db, "select pg_is_in_recovery()"),
            PostgresServerChecks::primary),
        Check.of("wal_level", db -> Sql.one(db, "show wal_level"), PostgresServerChecks::walLevel),
        Check.of("slots left", db -> slots(db, slot), PostgresServerChecks::slotsLeft),
        Check.of("senders left", db -> senders(db, slot), PostgresServerChecks::sendersLeft),
        Check.of("durability", PostgresServerChecks::durability, PostgresServerChecks::durable),
        Check.of("standbys", PostgresServerChecks::awaited, PostgresServerChecks::awaitedStandbys),
        Check.of(
            "transactions", PostgresServerChecks::oldest, PostgresServerChecks::oldestTransaction),
        Check.of(
            "sender timeout",
            db -> Sql.number(db, "select setting from pg_settings where name='wal_sender_timeout'"),
            millis -> senderTimeout(Duration.ofMillis(millis))),
        Check.of(
            "identity",
            db -> Sql.one(db, "select has_function_privilege('pg_control_system()', 'EXECUTE')"),
            PostgresServerChecks::identity),
        Check.of(
            "clock",
            db -> Clocks.compare(() -> Sql.instant(db, "select clock_timestamp()")),
            Clocks::verdict));
  }

  static Verdict version(int number) {
    int major = number / 10_000;
    return major >= OLDEST
        ? Verdict.ok(major + "." + number % 10_000)
        : Verdict.problem(
            "PostgreSQL " + major + " is too old; expected " + OLDEST + " or newer", "upgrade it");
  }

  static Verdict primary(String inRecovery) {
    return inRecovery.equals("f")
        ? Verdict.ok("takes writes")
        : Verdict.problem(
            "is a standby, whose snapshots cannot tell what is visible",
            "name the primary in source.postgres.url");
  }

  static Verdict walLevel(String level) {
    return level.equals("logical")
        ? Verdict.ok("logical")
        : Verdict.problem(
            "is " + level + "; logical decoding needs logical",
            "ALTER SYSTEM SET wal_level = logical; then restart PostgreSQL (managed:"
                + " rds.logical_replication = 1, cloudsql.logical_decoding = on)");
  }

  /**
   * Slots or senders.
   *
   * @param ours whether one of those used is ours already
   */
  record Room(int most, int used, boolean ours) {}

  private static Room slots(Connection db, String slot) throws SQLException {
    return room(
        db,
        "select current_setting('max_replication_slots')::int,"
            + " (select count(*) from pg_replication_slots),"
            + " exists (select from pg_replication_slots where slot_name = ?)",
        slot);
  }

  private static Room senders(Connection db, String slot) throws SQLException {
    return room(
        db,
        "select current_setting('max_wal_senders')::int,"
            + " (select count(*) from pg_stat_replication),"
            + " exists (select from pg_replication_slots where slot_name = ? and active)",
        slot);
  }

  private static Room room(Connection db, String sql, String slot) throws SQLException {
    try (PreparedStatement query = db.prepareStatement(sql)) {
      query.setString(1, slot);
      try (ResultSet row = query.executeQuery()) {
        row.next();
        return new Room(row.getInt(1), row.getInt(2), row.getBoolean(3));
      }
    }
  }

  static Verdict slotsLeft(Room slots) {
    return left(slots, "max_replication_slots");
  }

  static Verdict sendersLeft(Room senders) {
    return left(senders, "max_wal_senders");
  }

  private static Verdict left(Room room, String setting) {
    String used = room.used() + " of " + room.most() + " in use";
    if (room.ours()) {
      return Verdict.ok(used + ", ours among them");
    }
    return room.used() < room.most()
        ? Verdict.ok(used)
        : Verdict.problem(
            used + " (" + setting + "), and one more is needed",
            "ALTER SYSTEM SET "
                + setting
                + " = "
                + (room.most() + 4)
                + "; then restart PostgreSQL");
  }

  /** What a crash may take back. */
  record Durability(String fsync, String synchronousCommit) {}

  private static Durability durability(Connection db) throws SQLException {
    // What sessions begin with: this one has it otherwise.
    return new Durability(
        Sql.one(db, "show fsync"),
        Sql.one(db, "select reset_val from pg_settings where name = 'synchronous_commit'"));
  }

  static Verdict durable(Durability found) {
    if (!found.fsync().equals("on")) {
      return Verdict.warning(
          "fsync is off: after a crash of the machine the database may not be what caches were"
              + " filled from",
          "ALTER SYSTEM SET fsync = on; SELECT pg_reload_conf()");
    }
    return found.synchronousCommit().equals("off")
        ? Verdict.warning(
            "synchronous_commit is off: changes reach the log, and so the caches, up to 0.6 s"
                + " late, and after a crash everything cached is void",
            "ALTER SYSTEM SET synchronous_commit = on; SELECT pg_reload_conf()")
        : Verdict.ok("fsync on, synchronous_commit " + found.synchronousCommit());
  }

  /**
   * Standbys that commits wait for.
   *
   * @param names as they are set; empty: none
   * @param synced how many of them are there
   * @param hidden of how many the state may not be seen
   */
  record Awaited(String names, int synced, int hidden) {}

  private static Awaited awaited(Connection db) throws SQLException {
    try (PreparedStatement query =
            db.prepareStatement(
                "select current_setting('synchronous_standby_names'),"
                    + " count(*) filter (where sync_state in ('sync', 'quorum')),"
                    + " count(*) filter (where sync_state is null) from pg_stat_replication");
        ResultSet row = query.executeQuery()) {
      row.next();
      return new Awaited(row.getString(1), row.getInt(2), row.getInt(3));
    }
  }

  static Verdict awaitedStandbys(Awaited found) {
    if (found.names().isBlank()) {
      return Verdict.ok("commits wait for none");
    }
    if (found.synced() > 0) {
      return Verdict.ok("commits wait for " + found.names() + ", which is there");
    }
    return found.hidden() > 0
        ? Verdict.unknown(
            "commits wait for " + found.names() + "; whether it is there may not be seen",
            "GRANT pg_read_all_stats TO the role")
        : Verdict.problem(
            "commits wait for "
                + found.names()
                + ", which is not there: they are in the log and no reader sees them, so that"
                + " Hearth holds their changes back",
            "bring the standby back, or ALTER SYSTEM RESET synchronous_standby_names; SELECT"
                + " pg_reload_conf()");
  }

  /**
   * The oldest transaction.
   *
   * @param who how to end it
   * @param hidden sessions of others that may not be seen
   */
  record Oldest(Duration age, boolean idle, String who, int hidden) {}

  private static Optional<Oldest> oldest(Connection db) throws SQLException {
    int hidden =
        (int)
            Sql.number(
                db,
                "select count(*) from pg_stat_activity where query = '<insufficient privilege>'");
    try (PreparedStatement query =
            db.prepareStatement(
                """
                select extract(epoch from clock_timestamp() - since)::bigint, idle, ending
                  from (select xact_start as since, state like 'idle in transaction%' as idle,
                               'SELECT pg_terminate_backend(' || pid || ')' as ending
                          from pg_stat_activity
                         where xact_start is not null and pid <> pg_backend_pid()
                           and backend_type = 'client backend'
                        union all
                        select prepared, true, 'ROLLBACK PREPARED ' || quote_literal(gid)
                          from pg_prepared_xacts) each
                 order by since limit 1
                """);
        ResultSet row = query.executeQuery()) {
      if (!row.next()) {
        return hidden == 0
            ? Optional.empty()
            : Optional.of(new Oldest(Duration.ZERO, false, "", hidden));
      }
      return Optional.of(
          new Oldest(
              Duration.ofSeconds(row.getLong(1)), row.getBoolean(2), row.getString(3), hidden));
    }
  }

  static Verdict oldestTransaction(Optional<Oldest> found) {
    if (found.isEmpty()) {
      return Verdict.ok("none is open");
    }
    Oldest oldest = found.get();
    if (oldest.age().compareTo(LONG_TRANSACTION) > 0) {
      return Verdict.warning(
          "the oldest is open since "
              + Texts.duration(oldest.age())
              + (oldest.idle() ? ", and idle" : "")
              + ": the log since then is kept, a slot cannot be created before it ends, and what it"
              + " has read is not younger",
          oldest.who()
              + (oldest.idle()
                  ? "; and ALTER SYSTEM SET idle_in_transaction_session_timeout = '1min'"
                  : ""));
    }
    return oldest.hidden() > 0
        ? Verdict.unknown(
            "of " + oldest.hidden() + " sessions it may not be seen",
            "GRANT pg_read_all_stats TO the role")
        : Verdict.ok("the oldest is open since " + Texts.duration(oldest.age()));
  }

  static Verdict senderTimeout(Duration timeout) {
    if (timeout.isZero()) {
      return Verdict.warning(
          "wal_sender_timeout is 0: a stream whose reader is gone holds the slot for good, and"
              + " nobody else can take over",
          "ALTER SYSTEM SET wal_sender_timeout = '60s'; SELECT pg_reload_conf()");
    }
    return timeout.compareTo(SHORTEST_SENDER_TIMEOUT) < 0
        ? Verdict.warning(
            "wal_sender_timeout is "
                + Texts.duration(timeout)
                + ", and a stream says that it lives every 10 s: it will be cut",
            "ALTER SYSTEM SET wal_sender_timeout = '60s'; SELECT pg_reload_conf()")
        : Verdict.ok(Texts.duration(timeout));
  }

  static Verdict identity(String readable) {
    return readable.equals("t")
        ? Verdict.ok("pg_control_system can be read")
        : Verdict.problem(
            "which database this is cannot be read, so that a failover would not be noticed",
            "GRANT EXECUTE ON FUNCTION pg_control_system() TO the role");
  }
}
