package dev.hearth.cli.doctor;

import dev.hearth.chassis.StartupException;
import dev.hearth.chassis.config.ConfigException;
import dev.hearth.chassis.config.HearthConfig;
import dev.hearth.chassis.config.Problem;
import dev.hearth.ingest.SourceCheck;
import dev.hearth.ingest.capture.ReplicationSetup;
import dev.hearth.ingest.capture.SourceSettings;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** What the source has to hold for the rules of this configuration: role, tables, slot. */
final class PostgresInstallationChecks {
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
        PublicationCheck.of(settings),
        SlotCheck.of(settings));
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
    return Sql.names(
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
            + Sql.list(unreadable)
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
}
