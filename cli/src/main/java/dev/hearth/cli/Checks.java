package dev.hearth.cli;

import dev.hearth.chassis.config.ConfigException;
import dev.hearth.chassis.config.HearthConfig;
import dev.hearth.chassis.config.Problem;
import dev.hearth.ingest.SourceCheck;
import dev.hearth.invalidator.Invalidator;
import dev.hearth.warmer.Warmer;
import dev.hearth.warmer.WarmerSettings;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** What every service has to say of a configuration, together. */
final class Checks {
  private Checks() {}

  /**
   * Mistakes that can be seen without any server.
   *
   * @throws ConfigException with all of them
   */
  static void offline(HearthConfig config) {
    Set<Problem> problems = new LinkedHashSet<>(ofRules(config));
    problems.addAll(ofLoads(config));
    if (!problems.isEmpty()) {
      throw new ConfigException(List.copyOf(problems));
    }
  }

  /**
   * Mistakes of any kind, the live schema's among them.
   *
   * @return what will work at a cost
   * @throws ConfigException with all of them
   * @throws dev.hearth.chassis.StartupException if the database cannot be asked
   */
  static List<Problem> live(HearthConfig config) {
    Set<Problem> problems = new LinkedHashSet<>(ofRules(config));
    problems.addAll(ofLoads(config));
    List<Problem> costs = List.of();
    try {
      costs = SourceCheck.check(config);
    } catch (ConfigException e) {
      problems.addAll(e.problems());
    }
    if (!problems.isEmpty()) {
      throw new ConfigException(List.copyOf(problems));
    }
    return costs;
  }

  private static List<Problem> ofRules(HearthConfig config) {
    try {
      Invalidator.check(config);
      return List.of();
    } catch (ConfigException e) {
      return e.problems();
    }
  }

  private static List<Problem> ofLoads(HearthConfig config) {
    List<Problem> problems = new ArrayList<>();
    try {
      for (String problem : Warmer.problems(WarmerSettings.of(config))) {
        int colon = problem.indexOf(": ");
        problems.add(new Problem(problem.substring(0, colon), problem.substring(colon + 2)));
      }
    } catch (IllegalArgumentException e) {
      // A key that is no template: the rules' check names it.
      return problems;
    }
    return problems;
  }
}
