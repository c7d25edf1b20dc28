package dev.hearth.invalidator.derivation;

import dev.hearth.chassis.condition.Condition;
import dev.hearth.chassis.condition.ConditionException;
import dev.hearth.chassis.config.ConfigException;
import dev.hearth.chassis.config.HearthConfig;
import dev.hearth.chassis.config.Problem;
import dev.hearth.chassis.config.Suggestion;
import dev.hearth.schemas.key.KeyTemplate;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * All rules of an installation, by table. Immutable; made from the configuration, with every
 * mistake at once.
 */
public final class Rules {
  private final Map<String, List<Rule>> byTable;
  private final Map<String, String> fingerprints;
  private final Map<String, Needed> neededByTable = new ConcurrentHashMap<>();

  private Rules(Map<String, List<Rule>> byTable, Map<String, String> fingerprints) {
    this.byTable = byTable;
    this.fingerprints = fingerprints;
  }

  /**
   * Compiles the rules of a configuration.
   *
   * @throws ConfigException with every mistake
   */
  public static Rules compile(HearthConfig config) {
    List<Problem> problems = new ArrayList<>();
    Map<String, String> cacheByShape = new LinkedHashMap<>();
    Map<String, String> keyByShape = new LinkedHashMap<>();
    config
        .caches()
        .forEach(
            (name, cache) -> {
              String path = "caches." + name + ".key";
              parse(path, cache.key(), problems)
                  .ifPresent(
                      template -> {
                        String other = cacheByShape.putIfAbsent(template.shape(), name);
                        keyByShape.putIfAbsent(template.shape(), cache.key());
                        if (other != null) {
                          problems.add(
                              new Problem(
                                  path,
                                  "\""
                                      + cache.key()
                                      + "\" names the same keys as cache \""
                                      + other
                                      + "\"; give each cache a prefix of its own"));
                        }
                      });
            });
    Map<String, List<Rule>> byTable = new LinkedHashMap<>();
    Map<String, List<String>> lines = new HashMap<>();
    for (int i = 0; i < config.rules().size(); i++) {
      HearthConfig.Rule rule = config.rules().get(i);
      List<Rule.Target> targets = new ArrayList<>();
      for (int k = 0; k < rule.keys().size(); k++) {
        String path = "rules[" + i + "].keys[" + k + "]";
        String text = rule.keys().get(k);
        Optional<KeyTemplate> template = parse(path, text, problems);
        if (template.isEmpty()) {
          continue;
        }
        String cache = cacheByShape.get(template.get().shape());
        if (cache == null) {
          problems.add(
              new Problem(
                  path,
                  "\""
                      + text
                      + "\" is the key of no cache"
                      + Suggestion.nearest(template.get().shape(), keyByShape.keySet())
                          .map(
                              shape ->
                                  "; did you mean the like of \"" + keyByShape.get(shape) + "\"?")
                          .orElse("; expected the like of " + quoted(keyByShape))));
          continue;
        }
        Rule.Target target = new Rule.Target(path, cache, template.get());
        targets.add(target);
        lines.computeIfAbsent(cache, name -> new ArrayList<>()).add(Fingerprint.line(rule, target));
      }
      byTable
          .computeIfAbsent(rule.table(), table -> new ArrayList<>())
          .add(
              new Rule(
                  rule.table(),
                  looked(rule, targets),
                  targets,
                  rule.through() != null,
                  when("rules[" + i + "].when", rule, problems)));
    }
    if (!problems.isEmpty()) {
      throw new ConfigException(problems);
    }
    Map<String, String> fingerprints = new LinkedHashMap<>();
    config
        .caches()
        .forEach(
            (name, cache) ->
                fingerprints.put(name, Fingerprint.of(cache, lines.getOrDefault(name, List.of()))));
    return new Rules(byTable, Collections.unmodifiableMap(fingerprints));
  }

  private static Optional<KeyTemplate> parse(String path, String text, List<Problem> problems) {
    try {
      return Optional.of(KeyTemplate.parse(text));
    } catch (IllegalArgumentException e) {
      problems.add(new Problem(path, String.valueOf(e.getMessage())));
      return Optional.empty();
    }
  }

  private static Optional<When> when(String path, HearthConfig.Rule rule, List<Problem> problems) {
    String text = rule.when();
    if (text == null) {
      return Optional.empty();
    }
    try {
      return Optional.of(new When(path, Condition.parse(text), joinedOn(rule)));
    } catch (ConditionException e) {
      e.problems().forEach(problem -> problems.add(new Problem(path, problem)));
      return Optional.empty();
    }
  }

  /** Column of the changed table that rows of another table refer to. */
  private static Optional<String> joinedOn(HearthConfig.Rule rule) {
    return Optional.ofNullable(rule.through())
        .map(through -> through.on().substring(through.on().indexOf('=') + 1).strip());
  }

  /**
   * Columns that a filter looks at: those that it names, and those that lead to the keys. A row
   * that moved from one key to another matters, whatever the filter says.
   */
  private static Set<String> looked(HearthConfig.Rule rule, List<Rule.Target> targets) {
    Set<String> columns = new HashSet<>(rule.columns());
    if (!columns.isEmpty()) {
      joinedOn(rule).ifPresent(columns::add);
      targets.forEach(
          target ->
              target.template().columns().stream()
                  .filter(column -> column.indexOf('.') < 0)
                  .forEach(columns::add));
    }
    return columns;
  }

  private static String quoted(Map<String, String> keyByShape) {
    return keyByShape.isEmpty()
        ? "a cache's key"
        : String.join(", ", keyByShape.values().stream().map(key -> "\"" + key + "\"").toList());
  }

  /** Rules for a table, in the order of the configuration. */
  public List<Rule> of(String table) {
    return byTable.getOrDefault(table, List.of());
  }

  /** Caches that a change of a table can touch; all of them where no rule names the table. */
  public Set<String> cachesOf(String table) {
    List<Rule> rules = of(table);
    if (rules.isEmpty()) {
      return caches();
    }
    Set<String> touched = new LinkedHashSet<>();
    rules.forEach(rule -> rule.targets().forEach(target -> touched.add(target.cache())));
    return touched;
  }

  /** What the rules read of a table's rows. */
  public Needed needed(String table) {
    return neededByTable.computeIfAbsent(table, this::readOf);
  }

  private Needed readOf(String table) {
    Set<String> columns = new LinkedHashSet<>();
    Set<String> ofDeleted = new LinkedHashSet<>();
    for (Rule rule : of(table)) {
      if (!rule.through()) {
        columns.addAll(rule.reads());
        ofDeleted.addAll(rule.keyColumns());
      }
    }
    return new Needed(columns, ofDeleted, Set.of(), false);
  }

  /** Tables of which all rows have to be known. */
  public Set<String> joinedTables() {
    return Set.of();
  }

  /** Names of all caches. */
  public Set<String> caches() {
    return fingerprints.keySet();
  }

  /**
   * By cache, a short name for the rules that touch it: equal exactly where key, mode, stores and
   * rules are.
   */
  Map<String, String> fingerprints() {
    return fingerprints;
  }

  /** A short name for all of them together: equal exactly where every cache's is. */
  public String fingerprint() {
    return Fingerprint.of(
        fingerprints.entrySet().stream()
            .map(entry -> entry.getKey() + "\t" + entry.getValue())
            .sorted()
            .toList());
  }
}
