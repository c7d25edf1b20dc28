package dev.hearth.invalidator.derivation;

import dev.hearth.chassis.condition.Condition;
import dev.hearth.chassis.condition.ConditionException;
import dev.hearth.chassis.config.ConfigException;
import dev.hearth.chassis.config.HearthConfig;
import dev.hearth.chassis.config.Problem;
import dev.hearth.chassis.config.Suggestion;
import dev.hearth.chassis.config.TablePattern;
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
 * All rules of an installation, by table. Thread-safe; made from the configuration, with every
 * mistake at once.
 */
public final class Rules {
  private final List<Rule> all;
  private final Map<String, List<Rule>> byTable = new ConcurrentHashMap<>();
  private final Map<String, String> fingerprints;
  private final Map<String, Needed> neededByTable = new ConcurrentHashMap<>();
  private final Map<String, List<FanOut.Place>> throughByTable = new ConcurrentHashMap<>();

  private Rules(List<Rule> all, Map<String, String> fingerprints) {
    this.all = List.copyOf(all);
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
                        template.slots().stream()
                            .filter(KeyTemplate.Slot::isOfTable)
                            .forEach(slot -> problems.add(new Problem(path, ofTable(slot))));
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
    List<Rule> all = new ArrayList<>();
    Map<String, List<String>> lines = new HashMap<>();
    for (int i = 0; i < config.rules().size(); i++) {
      HearthConfig.Rule rule = config.rules().get(i);
      List<Rule.Target> targets = new ArrayList<>();
      Optional<Join> join = JoinCompiler.join("rules[" + i + "]", rule, problems);
      for (int k = 0; k < rule.keys().size(); k++) {
        String path = "rules[" + i + "].keys[" + k + "]";
        String text = rule.keys().get(k);
        Optional<KeyTemplate> template = parse(path, text, problems);
        if (template.isEmpty() || !JoinCompiler.fits(path, template.get(), rule, join, problems)) {
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
        Rule.Target target = new Rule.Target(path, cache, template.get(), join);
        targets.add(target);
        lines.computeIfAbsent(cache, name -> new ArrayList<>()).add(Fingerprint.line(rule, target));
      }
      all.add(
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
    return new Rules(all, Collections.unmodifiableMap(fingerprints));
  }

  private static String ofTable(KeyTemplate.Slot slot) {
    return slot
        + " is a part of the changed table's name, which a cache has none of; name what stands there"
        + " in the application's key, such as {tenant}, and write "
        + slot
        + " in the rules";
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
      return Optional.of(new When(path, Condition.parse(text)));
    } catch (ConditionException e) {
      e.problems().forEach(problem -> problems.add(new Problem(path, problem)));
      return Optional.empty();
    }
  }

  /**
   * Columns that a filter looks at: those that it names, and those that lead to the keys. A row
   * that moved from one key to another matters, whatever the filter says.
   */
  private static Set<String> looked(HearthConfig.Rule rule, List<Rule.Target> targets) {
    Set<String> columns = new HashSet<>(rule.columns());
    if (!columns.isEmpty()) {
      targets.forEach(target -> columns.addAll(target.columns()));
    }
    return columns;
  }

  private static String quoted(Map<String, String> keyByShape) {
    return keyByShape.isEmpty()
        ? "a cache's key"
        : String.join(", ", keyByShape.values().stream().map(key -> "\"" + key + "\"").toList());
  }

  /** Rules for a table, in the order of the configuration; those that name it by a pattern, too. */
  public List<Rule> of(String table) {
    List<Rule> known = byTable.get(table);
    if (known != null) {
      return known;
    }
    List<Rule> found =
        all.stream().filter(rule -> TablePattern.of(rule.table()).matches(table)).toList();
    // Whatever else a record is called by is not remembered.
    if (!found.isEmpty()) {
      byTable.put(table, found);
    }
    return found;
  }

  /** Caches that a change of a table can touch; all of them where no rule names the table. */
  public Set<String> cachesOf(String table) {
    List<Rule> rules = of(table);
    Set<String> touched = new LinkedHashSet<>();
    placesOf(table).forEach(place -> touched.add(place.target().cache()));
    if (rules.isEmpty() && touched.isEmpty()) {
      return caches();
    }
    rules.forEach(rule -> rule.targets().forEach(target -> touched.add(target.cache())));
    return touched;
  }

  /** Names of the caches that no rule touches. */
  public Set<String> untouched() {
    Set<String> untouched = new LinkedHashSet<>(caches());
    all.stream()
        .flatMap(rule -> rule.targets().stream())
        .forEach(target -> untouched.remove(target.cache()));
    return untouched;
  }

  /** What the rules read of a table's rows. */
  public Needed needed(String table) {
    return neededByTable.computeIfAbsent(table, this::readOf);
  }

  private Needed readOf(String table) {
    Set<String> columns = new LinkedHashSet<>();
    Set<String> ofDeleted = new LinkedHashSet<>();
    Set<String> lookedUpBy = new LinkedHashSet<>();
    for (Rule rule : of(table)) {
      columns.addAll(rule.reads());
      ofDeleted.addAll(rule.keyColumns());
      rule.when().ifPresent(when -> ofDeleted.addAll(when.condition().columns()));
    }
    for (FanOut.Place place : placesOf(table)) {
      Rule.Target target = place.target();
      Join join = target.join().orElseThrow();
      columns.addAll(join.columns(place.tier(), target.template()));
      ofDeleted.addAll(join.columns(place.tier(), target.template()));
      lookedUpBy.addAll(join.lookedUpBy(place.tier(), target.template()));
    }
    return new Needed(columns, ofDeleted, lookedUpBy, !lookedUpBy.isEmpty());
  }

  /** Where rows of a table can stand in keys that are made over several tables. */
  private List<FanOut.Place> placesOf(String table) {
    List<FanOut.Place> places = new ArrayList<>();
    for (Rule rule : all) {
      for (Rule.Target target : rule.targets()) {
        List<Join.Tier> tiers = target.join().map(Join::tiers).orElse(List.of());
        for (int tier = 0; tier < tiers.size(); tier++) {
          if (tiers.get(tier).table().equals(table)) {
            places.add(new FanOut.Place(target, tier));
          }
        }
      }
    }
    return places;
  }

  /** Where changes of a table touch keys that other tables' rules made over it. */
  List<FanOut.Place> through(String table) {
    return throughByTable.computeIfAbsent(
        table, of -> placesOf(of).stream().filter(place -> place.tier() > 0).toList());
  }

  /** Tables of which all rows have to be known. */
  public Set<String> joinedTables() {
    Set<String> tables = new LinkedHashSet<>();
    for (Rule rule : all) {
      rule.targets()
          .forEach(
              target ->
                  target
                      .join()
                      .ifPresent(join -> join.tiers().forEach(tier -> tables.add(tier.table()))));
    }
    tables.removeIf(table -> !needed(table).joined());
    return tables;
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
