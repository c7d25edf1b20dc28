package dev.hearth.cli.doctor;

import dev.hearth.chassis.StartupException;
import dev.hearth.chassis.config.HearthConfig;
import dev.hearth.ingest.SourceCheck;
import dev.hearth.ingest.capture.SourceDatabase;
import dev.hearth.ingest.capture.SourceSettings;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/** The source and its standbys. */
public final class Postgres {
  private static final Duration LATE = Duration.ofSeconds(10);

  private Postgres() {}

  /** The primary first. */
  public static List<Examination<?>> examinations(HearthConfig config) {
    SourceSettings settings = SourceCheck.settings(config);
    List<Check<Connection>> checks = new ArrayList<>(PostgresServerChecks.of(settings.slot()));
    checks.addAll(PostgresInstallationChecks.of(config, settings));
    List<Examination<?>> examinations = new ArrayList<>();
    examinations.add(new Examination<>("PostgreSQL", () -> open(settings), checks));
    List<String> replicas = config.source().postgres().replicas();
    for (int i = 0; i < replicas.size(); i++) {
      examinations.add(
          standby(settings, replicas.get(i), "source.postgres.replicas[" + i + "]", i));
    }
    return examinations;
  }

  private static Examination<Connection> standby(
      SourceSettings primary, String url, String path, int number) {
    SourceSettings settings =
        new SourceSettings(
            url,
            primary.user(),
            primary.password(),
            primary.slot(),
            primary.publication(),
            primary.tables());
    return new Examination<>(
        "standby " + number,
        () -> {
          try {
            return open(settings);
          } catch (StartupException e) {
            throw new StartupException(
                String.valueOf(e.getMessage()).replace("source.postgres.url", path), 1, e);
          }
        },
        List.of(
            Check.of("identity", db -> identities(db, primary), Postgres::identity),
            Check.of("stream", Postgres::stream, found -> stream(found, primary.user()))));
  }

  private static Connection open(SourceSettings settings) throws SQLException {
    Connection connection = new SourceDatabase(settings).openAtStart("doctor");
    try (Statement statement = connection.createStatement()) {
      statement.execute("set statement_timeout = '5s'");
      return connection;
    } catch (SQLException e) {
      connection.close();
      throw e;
    }
  }

  /**
   * Two servers.
   *
   * @param inRecovery whether the second one is a standby
   */
  record Identities(String primary, String standby, boolean inRecovery) {}

  private static Identities identities(Connection db, SourceSettings primary) throws SQLException {
    String identifier = "select system_identifier::text from pg_control_system()";
    try (Connection first = open(primary)) {
      return new Identities(
          Sql.one(first, identifier),
          Sql.one(db, identifier),
          Sql.one(db, "select pg_is_in_recovery()").equals("t"));
    }
  }

  static Verdict identity(Identities found) {
    if (!found.primary().equals(found.standby())) {
      return Verdict.problem(
          "is a server of another database cluster (system identifier "
              + found.standby()
              + ", the primary's is "
              + found.primary()
              + "): nothing is read there",
          "correct source.postgres.replicas");
    }
    return found.inRecovery()
        ? Verdict.ok("a standby of the primary's cluster")
        : Verdict.problem(
            "is no standby: it takes writes, and nothing is read there",
            "name standbys in source.postgres.replicas");
  }

  /**
   * How it follows.
   *
   * @param timeline of what it receives; 0: not told
   * @param behindMillis since when nothing was replayed although something was received; empty: all
   *     is replayed
   */
  record Stream(int timeline, OptionalLong behindMillis) {}

  private static Stream stream(Connection db) throws SQLException {
    try (PreparedStatement query =
            db.prepareStatement(
                """
                select coalesce((select received_tli from pg_stat_wal_receiver), 0),
                       case when pg_last_wal_receive_lsn() > pg_last_wal_replay_lsn()
                            then (extract(epoch from clock_timestamp()
                                          - pg_last_xact_replay_timestamp()) * 1000)::bigint end
                """);
        ResultSet row = query.executeQuery()) {
      row.next();
      long behind = row.getLong(2);
      return new Stream(
          row.getInt(1), row.wasNull() ? OptionalLong.empty() : OptionalLong.of(behind));
    }
  }

  static Verdict stream(Stream found, String role) {
    if (found.timeline() == 0) {
      return Verdict.problem(
          "receives nothing, or its receiver may not be seen: nothing is read there",
          "check primary_conninfo there, and on the primary GRANT pg_read_all_stats TO "
              + Sql.identifier(role));
    }
    Duration behind = Duration.ofMillis(found.behindMillis().orElse(0));
    return behind.compareTo(LATE) > 0
        ? Verdict.warning(
            "is " + Texts.duration(behind) + " behind: loads go to the primary meanwhile",
            "look for queries that hold replay up there, and at recovery_min_apply_delay")
        : Verdict.ok("streams on timeline " + found.timeline());
  }
}
