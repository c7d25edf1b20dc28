package dev.hearth.cli.plan;

import dev.hearth.chassis.config.HearthConfig;
import dev.hearth.invalidator.Invalidator;
import dev.hearth.invalidator.derivation.Derivation;
import dev.hearth.invalidator.derivation.Rules;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * One rule by itself, and what it made of changes so far, counted apart for each table whose
 * changes it answers to. Not thread-safe.
 *
 * <p>A change carries the columns that the rules needed which ran when it was captured, and old
 * values only where the log has them; {@link Completion} says where the others are from. A change
 * of which a column that the rule reads is still unknown, and one whose look-ups were not answered,
 * are counted apart: what the rule will do with the next one of its kind cannot be told from it.
 */
public final class RuleTrial {
  private final String path;
  private final HearthConfig.Rule configured;
  private final Rules rules;
  private final Derivation derivation;
  private final Map<String, Tally> byTable = new LinkedHashMap<>();

  private RuleTrial(String path, HearthConfig.Rule configured, Rules rules) {
    this.path = path;
    this.configured = configured;
    this.rules = rules;
    this.derivation = new Derivation(rules);
    byTable.put(configured.table(), new Tally());
    HearthConfig.@Nullable Through through = configured.through();
    while (through != null) {
      if (through.ownChanges()) {
        byTable.putIfAbsent(through.table(), new Tally());
      }
      through = through.through();
    }
  }

  /** One for each rule, in the order of the configuration. */
  static List<RuleTrial> of(HearthConfig config) {
    List<RuleTrial> trials = new ArrayList<>();
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
                      config.dataDirectory()))));
    }
    return trials;
  }

  /** Of one table's changes. */
  private static final class Tally {
    private final Map<String, Integer> voids = new TreeMap<>();
    private final Set<String> missing = new TreeSet<>();
    private long changes;
    private long fired;
    private long keys;
    private long most;
    private long aboveLimit;
    private long notKnown;
    private long unanswered;
    private long readNow;
    private long assumed;
  }

  /** Tries it on a change; one of another table is none of its business. */
  void see(Completion.Completed completed, Lookups lookups) {
    String table = completed.change().table();
    Tally tally = byTable.get(rules.of(table).isEmpty() ? table : configured.table());
    if (tally == null) {
      return;
    }
    tally.changes++;
    Set<String> columns = rules.needed(table).columns();
    Set<String> lacking = completed.lacks(columns, rules.needed(table).ofDeleted());
    if (!lacking.isEmpty()) {
      tally.notKnown++;
      tally.missing.addAll(lacking);
      return;
    }
    lookups.begin();
    Derivation.Touched touched = derivation.derive(completed.change(), lookups, () -> {});
    if (lookups.isUnanswered()) {
      tally.notKnown++;
      tally.unanswered++;
      return;
    }
    tally.readNow += completed.readNow().stream().anyMatch(columns::contains) ? 1 : 0;
    tally.assumed += completed.assumed().stream().anyMatch(columns::contains) ? 1 : 0;
    touched.voided().values().forEach(reason -> tally.voids.merge(reason, 1, Integer::sum));
    tally.aboveLimit += touched.voided().containsValue(Derivation.FAN_OUT) ? 1 : 0;
    int keys = touched.keys().size();
    if (keys > 0 || !touched.voided().isEmpty()) {
      tally.fired++;
    }
    tally.keys += keys;
    tally.most = Math.max(tally.most, keys);
  }

  /**
   * What one rule did at the changes of one table.
   *
   * @param rule its place in the configuration
   * @param changes of the table
   * @param fired of those, how many touched something
   * @param keys touched, one for each change that touches it
   * @param mostKeys by one change
   * @param meanKeys by one change that fired
   * @param limit most keys that one change may touch; null where the rule goes through no table
   * @param aboveLimit changes that reach more, and void the whole cache instead
   * @param voids of whole caches, by reason
   * @param notKnown changes of which a column is unknown, or whose look-ups were not answered
   * @param missingColumns which columns
   * @param unanswered how many of those had look-ups that were not answered
   * @param readNow changes of which a new value is that of the row now
   * @param assumed updates of which an old value is taken to be the new one
   */
  public record Report(
      String rule,
      String table,
      long changes,
      long fired,
      long keys,
      long mostKeys,
      double meanKeys,
      @Nullable Integer limit,
      long aboveLimit,
      Map<String, Integer> voids,
      long notKnown,
      Set<String> missingColumns,
      long unanswered,
      long readNow,
      long assumed) {}

  /** One for each table, the rule's own first. */
  List<Report> reports() {
    List<Report> reports = new ArrayList<>();
    byTable.forEach(
        (table, tally) ->
            reports.add(
                new Report(
                    path,
                    table,
                    tally.changes,
                    tally.fired,
                    tally.keys,
                    tally.most,
                    tally.fired == 0 ? 0 : (double) tally.keys / tally.fired,
                    configured.through() == null ? null : configured.limit(),
                    tally.aboveLimit,
                    tally.voids,
                    tally.notKnown,
                    tally.missing,
                    tally.unanswered,
                    tally.readNow,
                    tally.assumed)));
    return reports;
  }
}
