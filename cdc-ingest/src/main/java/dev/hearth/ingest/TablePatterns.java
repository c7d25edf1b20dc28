package dev.hearth.ingest;

import dev.hearth.chassis.config.HearthConfig;
import dev.hearth.chassis.config.Problem;
import dev.hearth.chassis.config.TablePattern;
import dev.hearth.ingest.capture.TableNames;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Rules whose tables are named by a pattern, for each table that there is: {@code tenant_*.product}
 * becomes one rule for each tenant. Immutable.
 *
 * @param rules without patterns
 * @param origins of each of them, the place of its rule in the configuration
 * @param problems patterns that no table matches
 */
record TablePatterns(List<HearthConfig.Rule> rules, List<Integer> origins, List<Problem> problems) {
  private static final Pattern PLACE = Pattern.compile("^rules\\[(\\d+)]");

  TablePatterns {
    rules = List.copyOf(rules);
    origins = List.copyOf(origins);
    problems = List.copyOf(problems);
  }

  /** Resolves the patterns of a configuration; asks nothing where there are none. */
  static TablePatterns resolve(Connection connection, List<HearthConfig.Rule> rules)
      throws SQLException {
    return of(rules, isWild(rules) ? TableNames.read(connection) : List.of());
  }

  static boolean isWild(List<HearthConfig.Rule> rules) {
    return rules.stream().anyMatch(rule -> TablePattern.of(rule.table()).isWild());
  }

  /** By the tables that there are; pure. */
  static TablePatterns of(List<HearthConfig.Rule> rules, List<String> tables) {
    List<HearthConfig.Rule> resolved = new ArrayList<>();
    List<Integer> origins = new ArrayList<>();
    List<Problem> problems = new ArrayList<>();
    for (int i = 0; i < rules.size(); i++) {
      HearthConfig.Rule rule = rules.get(i);
      TablePattern pattern = TablePattern.of(rule.table());
      List<String> names = pattern.isWild() ? pattern.of(tables) : List.of(rule.table());
      if (names.isEmpty()) {
        problems.add(
            new Problem(
                "rules[" + i + "].table",
                "no table matches "
                    + pattern
                    + "; expected the pattern of at least one, partitions not counted"));
      }
      for (String name : names) {
        resolved.add(
            new HearthConfig.Rule(
                name, rule.columns(), rule.keys(), rule.when(), rule.through(), rule.limit()));
        origins.add(i);
      }
    }
    return new TablePatterns(resolved, origins, problems);
  }

  /** The tables that patterns stand for now. */
  static Set<String> named(List<HearthConfig.Rule> rules, List<String> tables) {
    Set<String> named = new TreeSet<>();
    for (HearthConfig.Rule rule : rules) {
      TablePattern pattern = TablePattern.of(rule.table());
      if (pattern.isWild()) {
        named.addAll(pattern.of(tables));
      }
    }
    return named;
  }

  /** The same problem where the user has written the rule. */
  Problem inConfiguration(Problem problem) {
    Matcher place = PLACE.matcher(problem.path());
    return place.find()
        ? problem.at(
            "rules["
                + origins.get(Integer.parseInt(place.group(1)))
                + "]"
                + problem.path().substring(place.end()))
        : problem;
  }

  List<Problem> inConfiguration(List<Problem> all) {
    return all.stream().map(this::inConfiguration).distinct().toList();
  }
}
