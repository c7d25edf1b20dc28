package dev.hearth.cli.plan;

import dev.hearth.invalidator.derivation.Derivation;
import dev.hearth.invalidator.derivation.Needed;
import dev.hearth.invalidator.derivation.Rules;
import dev.hearth.schemas.change.ChangeEvent;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Two sets of rules on the same changes: which keys only one of them takes out. Not thread-safe. A
 * cache that one of them voids has no single keys then, and is compared as a whole.
 */
public final class RuleComparison {
  private static final int MOST_EXAMPLES = 5;

  private final Rules oldRules;
  private final Rules newRules;
  private final Derivation oldDerivation;
  private final Derivation newDerivation;
  private final Difference keys = new Difference();
  private final Difference voids = new Difference();
  private long notKnown;

  RuleComparison(Rules oldRules, Rules newRules) {
    this.oldRules = oldRules;
    this.newRules = newRules;
    this.oldDerivation = new Derivation(oldRules);
    this.newDerivation = new Derivation(newRules);
  }

  /** Tries both on a change; one that cannot be told of either is left out. */
  void see(Completion.Completed completed, Lookups lookups) {
    ChangeEvent change = completed.change();
    if (lacks(oldRules, completed) || lacks(newRules, completed)) {
      notKnown++;
      return;
    }
    lookups.begin();
    Derivation.Touched before = oldDerivation.derive(change, lookups, () -> {});
    Derivation.Touched after = newDerivation.derive(change, lookups, () -> {});
    if (lookups.isUnanswered()) {
      notKnown++;
      return;
    }
    voids.see(before.voided().keySet(), after.voided().keySet(), change);
    keys.see(names(before), names(after), change);
  }

  private static boolean lacks(Rules rules, Completion.Completed completed) {
    Needed needed = rules.needed(completed.change().table());
    return !completed.lacks(needed.columns(), needed.ofDeleted()).isEmpty();
  }

  private static Set<String> names(Derivation.Touched touched) {
    Set<String> names = new LinkedHashSet<>();
    touched.keys().keySet().forEach(key -> names.add(key.cache() + " " + key.key()));
    return names;
  }

  /** What the two have in common and what not; with some examples. */
  private static final class Difference {
    private long both;
    private long onlyOld;
    private long onlyNew;
    private final List<String> oldExamples = new ArrayList<>();
    private final List<String> newExamples = new ArrayList<>();
    private final Map<String, Long> byTable = new TreeMap<>();

    void see(Set<String> before, Set<String> after, ChangeEvent change) {
      for (String name : before) {
        if (after.contains(name)) {
          both++;
        } else {
          onlyOld++;
          byTable.merge(change.table(), 1L, Long::sum);
          note(oldExamples, name, change);
        }
      }
      for (String name : after) {
        if (!before.contains(name)) {
          onlyNew++;
          byTable.merge(change.table(), 1L, Long::sum);
          note(newExamples, name, change);
        }
      }
    }

    private static void note(List<String> examples, String name, ChangeEvent change) {
      String example =
          name
              + " ("
              + change.operation().name().toLowerCase(java.util.Locale.ROOT)
              + " of "
              + change.table()
              + ", transaction "
              + change.transaction()
              + ")";
      if (examples.size() < MOST_EXAMPLES && !examples.contains(example)) {
        examples.add(example);
      }
    }

    Part part() {
      return new Part(both, onlyOld, onlyNew, oldExamples, newExamples, byTable);
    }
  }

  /**
   * Of keys, or of whole caches.
   *
   * @param differentByTable how many stand in one only, by the table whose change it was
   */
  public record Part(
      long both,
      long onlyOld,
      long onlyNew,
      List<String> onlyOldExamples,
      List<String> onlyNewExamples,
      Map<String, Long> differentByTable) {}

  /**
   * What came out.
   *
   * @param notKnown changes that were left out, since a column is not known or a look-up was not
   *     answered
   */
  public record Report(Part keys, Part voidedCaches, long notKnown) {}

  Report report() {
    return new Report(keys.part(), voids.part(), notKnown);
  }
}
