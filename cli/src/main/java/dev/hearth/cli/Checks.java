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
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;

/** What every service has to say of a configuration, together. */
final class Checks {
  private Checks() {}

  /**
   * Mistakes that can be seen without any server.
   *
   * @return what works, and perhaps not as one thinks
   * @throws ConfigException with all of them
   */
  static List<Problem> offline(HearthConfig config) {
    Set<Problem> problems = new LinkedHashSet<>(ofRules(config));
    problems.addAll(ofLoads(config));
    refuse(problems);
    return ofCaches(config);
  }

  /**
   * Mistakes of any kind, the live schema's among them.
   *
   * @return what works at a cost, and what perhaps not as one thinks
   * @throws ConfigException with all of them
   * @throws dev.hearth.chassis.StartupException if the database cannot be asked
   */
  static List<Problem> live(HearthConfig config) {
    Set<Problem> problems = new LinkedHashSet<>(ofRules(config));
    problems.addAll(ofLoads(config));
    List<Problem> warnings = new ArrayList<>();
    try {
      warnings.addAll(SourceCheck.check(config));
    } catch (ConfigException e) {
      problems.addAll(e.problems());
    }
    problems.addAll(ofLiveLoads(config));
    refuse(problems);
    warnings.addAll(ofCaches(config));
    warnings.sort(ProblemOrder.BY_PLACE);
    return warnings;
  }

  private static void refuse(Set<Problem> problems) {
    if (!problems.isEmpty()) {
      throw new ConfigException(problems.stream().sorted(ProblemOrder.BY_PLACE).toList());
    }
  }

  private static List<Problem> ofCaches(HearthConfig config) {
    List<Problem> warnings = new ArrayList<>(Invalidator.warnings(config));
    Invalidator.check(config).untouched().stream()
        .map(
            cache ->
                new Problem(
                    "caches." + cache,
                    "no rule touches it, so that only its time to live ends an entry; write a rule"
                        + " with a key such as \""
                        + Objects.requireNonNull(config.caches().get(cache)).key()
                        + "\""))
        .forEach(warnings::add);
    return warnings;
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
    return ofLoads(config, Warmer::problems);
  }

  private static List<Problem> ofLiveLoads(HearthConfig config) {
    return ofLoads(config, Warmer::liveProblems);
  }

  private static List<Problem> ofLoads(
      HearthConfig config, Function<WarmerSettings, List<String>> check) {
    WarmerSettings settings;
    try {
      settings = WarmerSettings.of(config);
    } catch (IllegalArgumentException e) {
      // A key that is no template: the rules' check names it.
      return List.of();
    }
    List<Problem> problems = new ArrayList<>();
    for (String problem : check.apply(settings)) {
      int colon = problem.indexOf(": ");
      problems.add(new Problem(problem.substring(0, colon), problem.substring(colon + 2)));
    }
    return problems;
  }
}
