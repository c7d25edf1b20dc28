package dev.hearth.ingest;

import dev.hearth.chassis.StartupException;
import dev.hearth.chassis.config.ConfigException;
import dev.hearth.chassis.config.HearthConfig;
import dev.hearth.chassis.config.Problem;
import dev.hearth.ingest.capture.ReplicationSetup;
import dev.hearth.ingest.capture.SourceDatabase;
import dev.hearth.ingest.capture.SourceSettings;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Checks the source and the rules against it; changes nothing. */
public final class SourceCheck {
  private SourceCheck() {}

  /** Settings of capture as the configuration has them. */
  static SourceSettings settings(HearthConfig config) {
    HearthConfig.Postgres postgres = config.source().postgres();
    return new SourceSettings(
        postgres.url(),
        postgres.user(),
        Optional.ofNullable(postgres.password()).map(secret -> secret.reveal()),
        postgres.slot(),
        postgres.publication(),
        RuleReferences.of(config.rules()).changedTables());
  }

  /**
   * All mistakes of the rules at once, against the live schema.
   *
   * @return what will work at a cost, one sentence each
   * @throws ConfigException with every mistake
   * @throws StartupException if the database cannot be reached or used
   */
  public static List<Problem> check(HearthConfig config) {
    SourceSettings settings = settings(config);
    try (Connection connection = new SourceDatabase(settings).openAtStart("check")) {
      new ReplicationSetup(connection, settings).checkServer();
      return read(connection, config).warnings();
    } catch (SQLException e) {
      throw new StartupException(
          "source.postgres: the catalog cannot be read (" + e.getMessage() + ")", 1, e);
    }
  }

  /**
   * The catalog against the rules.
   *
   * @throws ConfigException if the rules do not fit it
   */
  static TableCatalog.Findings read(Connection connection, HearthConfig config)
      throws SQLException {
    TableCatalog.Findings findings = readAgain(connection, config);
    if (!findings.problems().isEmpty()) {
      throw new ConfigException(findings.problems());
    }
    return findings;
  }

  /**
   * The same while changes are followed: what the rules do not fit any more is no reason to stop.
   */
  static TableCatalog.Findings readAgain(Connection connection, HearthConfig config)
      throws SQLException {
    RuleReferences references = RuleReferences.of(config.rules());
    TableCatalog.Findings findings =
        TableCatalog.read(
            connection,
            config.source().postgres().slot(),
            references.tables(),
            references.columns());
    RuleCheck check =
        RuleCheck.of(
            config.rules(),
            references,
            config.source().postgres().user(),
            LiveSchema.read(connection, references.changedTables()));
    List<Problem> problems = new ArrayList<>(references.problems());
    problems.addAll(findings.problems());
    problems.addAll(check.problemsBeside(problems));
    return new TableCatalog.Findings(
        findings.shapes(),
        findings.unusable(),
        findings.identities(),
        problems,
        findings.with(check.warnings()).warnings());
  }
}
