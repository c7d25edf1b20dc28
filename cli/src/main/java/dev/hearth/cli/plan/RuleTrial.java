package dev.hearth.cli.plan;

import dev.hearth.chassis.config.HearthConfig;
import dev.hearth.invalidator.Invalidator;
import dev.hearth.invalidator.derivation.Derivation;
import dev.hearth.invalidator.derivation.Rules;
import dev.hearth.schemas.change.ChangeEvent;
import dev.hearth.schemas.change.Operation;
import dev.hearth.schemas.change.RowImage;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * One rule by itself, and what it made of changes so far. Not thread-safe.
 *
 * <p>A change carries the columns that the rules needed which ran when it was captured. What a new
 * rule needs beside them is not known of it, and such a change is counted apart: what the rule will
 * do with the next one of its kind cannot be told from it.
 */
public final class RuleTrial {
  private final String path;
  private final HearthConfig.Rule configured;
  private final Rules rules;
  private final Optional<Rules> running;
  private final Derivation derivation;
  private final Map<String, Integer> voids = new TreeMap<>();
  private final Set<String> missing = new LinkedHashSet<>();
  private long changes;
  private long fired;
  private long keys;
  private long most;
  private long notKnown;

  private RuleTrial(
      String path, HearthConfig.Rule configured, Rules rules, Optional<Rules> running) {
    this.path = path;
    this.configured = configured;
    this.rules = rules;
    this.running = running;
    this.derivation = new Derivation(rules);
  }

  /**
   * One for each rule, in the order of the configuration.
   *
   * @param running rules that ran when the changes were captured, where they are known
   */
  static List<RuleTrial> of(HearthConfig config, Optional<Rules> running) {
    List<RuleTrial> trials = new java.util.ArrayList<>();
    for (int i = 0; i < config.rules().size(); i++) {
      HearthConfig.Rule rule = config.rules().get(i);
      trials.add(
          new RuleTrial(
              "rules[" + i + "]",
              rule,
              Invalidator.check(
                  new HearthConfig(
                      config.source(),
                      config.kafka(),
                      config.freshness(),
                      config.stores(),
                      config.caches(),
                      List.of(rule),
                      config.warmups(),
                      config.hooks(),
                      config.http(),
                      config.lineage(),
                      config.dataDirectory())),
              running));
    }
    return trials;
  }

  /** Tries it on a change; one of another table is none of its business. */
  void see(ChangeEvent change) {
    if (rules.of(change.table()).isEmpty()) {
      return;
    }
    changes++;
    Set<String> unrecorded = unrecorded(rules, running, change);
    if (!unrecorded.isEmpty()) {
      notKnown++;
      missing.addAll(unrecorded);
      return;
    }
    Derivation.Touched touched = derivation.derive(unmoved(rules, change));
    touched.voided().values().forEach(reason -> voids.merge(reason, 1, Integer::sum));
    if (!touched.joined().isEmpty()) {
      notKnown++;
      missing.add("rows of the tables that it goes through");
      return;
    }
    int touchedKeys = touched.keys().size();
    if (touchedKeys > 0 || !touched.voided().isEmpty()) {
      fired++;
    }
    keys += touchedKeys;
    most = Math.max(most, touchedKeys);
  }

  /**
   * Columns that rules need of a change and that were not recorded with it, because no rule that
   * ran wanted them. What one of those wanted and did not get is not in the log: then the rules do
   * what they do without it, today as well.
   */
  static Set<String> unrecorded(Rules rules, Optional<Rules> running, ChangeEvent change) {
    if (change.operation() == Operation.TRUNCATE) {
      return Set.of();
    }
    RowImage recorded = change.operation() == Operation.DELETE ? change.before() : change.after();
    Set<String> unrecorded = needed(rules, change.table());
    unrecorded.removeIf(recorded::knows);
    running.ifPresent(others -> unrecorded.removeAll(needed(others, change.table())));
    return unrecorded;
  }

  /**
   * The change, of which old values that the log does not carry are taken to be the new ones: a
   * running derivation knows them from its own rows, and mostly they are the same.
   */
  static ChangeEvent unmoved(Rules rules, ChangeEvent change) {
    if (change.operation() != Operation.UPDATE) {
      return change;
    }
    Map<String, @Nullable String> before = new LinkedHashMap<>(change.before().columns());
    for (String column : needed(rules, change.table())) {
      if (!before.containsKey(column) && change.after().knows(column)) {
        before.put(column, change.after().value(column).orElse(null));
      }
    }
    return new ChangeEvent(
        change.table(),
        change.operation(),
        new RowImage(before),
        change.after(),
        change.transaction(),
        change.changeLsn(),
        change.position(),
        change.committedAt(),
        change.capturedAt());
  }

  private static Set<String> needed(Rules rules, String table) {
    return new LinkedHashSet<>(rules.needed(table).columns());
  }

  /**
   * What one rule did.
   *
   * @param rule its place in the configuration
   * @param changes of its table
   * @param fired of those, how many touched something
   * @param keys touched, one for each change that touches it
   * @param mostKeys by one change
   * @param meanKeys by one change that fired
   * @param voids of whole caches, by reason
   * @param notKnown changes of which a column was not recorded
   * @param missingColumns which
   */
  public record Report(
      String rule,
      String table,
      long changes,
      long fired,
      long keys,
      long mostKeys,
      double meanKeys,
      Map<String, Integer> voids,
      long notKnown,
      Set<String> missingColumns) {}

  Report report() {
    return new Report(
        path,
        configured.table(),
        changes,
        fired,
        keys,
        most,
        fired == 0 ? 0 : (double) keys / fired,
        voids,
        notKnown,
        missing);
  }
}
