package dev.hearth.invalidator.derivation;

import dev.hearth.chassis.condition.ConditionFailedException;
import dev.hearth.schemas.change.ChangeEvent;
import dev.hearth.schemas.change.Operation;
import dev.hearth.schemas.change.RowImage;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The change of a row to the keys that it touches; pure.
 *
 * <p>Both images count: a row that moved from one key to another touches both. Where a value that a
 * key is made of is not known, the whole cache is voided instead of guessing: too much, never too
 * little.
 */
public final class Derivation {
  /** A TRUNCATE names no rows. */
  static final String TRUNCATE = "truncate";

  /** The log did not carry a value that a key is made of. */
  static final String UNKNOWN_VALUE = "unknown-value";

  /** The keys are those of another table's rows. */
  static final String FAN_OUT = "fan-out";

  /** A condition could not be asked of a row. */
  static final String CONDITION_FAILED = "condition-failed";

  private final Rules rules;

  public Derivation(Rules rules) {
    this.rules = rules;
  }

  /**
   * What a change touches.
   *
   * @param keys single keys, each with the first rule that named it
   * @param voided whole caches, each with the reason; none of their keys is in {@code keys}
   * @param failures conditions that could not be asked of the row, one sentence each; the caches of
   *     their rules are voided
   */
  public record Touched(
      Map<Key, Rule.Target> keys, Map<String, String> voided, List<String> failures) {}

  /** A key of a cache. */
  public record Key(String cache, String key) {}

  public Touched derive(ChangeEvent change) {
    Map<Key, Rule.Target> keys = new LinkedHashMap<>();
    Map<String, String> voided = new LinkedHashMap<>();
    List<String> failures = new ArrayList<>();
    for (Rule rule : rules.of(change.table())) {
      if (!matters(rule, change)) {
        continue;
      }
      try {
        touch(rule, change, keys, voided);
      } catch (ConditionFailedException e) {
        failures.add(rule.when().map(When::path).orElse("") + ": " + e.getMessage());
        rule.targets().forEach(target -> voided.putIfAbsent(target.cache(), CONDITION_FAILED));
      }
    }
    keys.keySet().removeIf(key -> voided.containsKey(key.cache()));
    return new Touched(keys, voided, failures);
  }

  private static void touch(
      Rule rule, ChangeEvent change, Map<Key, Rule.Target> keys, Map<String, String> voided) {
    for (Rule.Target target : rule.targets()) {
      if (change.operation() == Operation.TRUNCATE) {
        voided.putIfAbsent(target.cache(), TRUNCATE);
      } else if (rule.through()) {
        if (rule.when().isEmpty() || rule.when().get().reaches(change)) {
          voided.putIfAbsent(target.cache(), FAN_OUT);
        }
      } else {
        List<RowImage> rows =
            rule.when().isEmpty()
                ? images(change)
                : rule.when().get().rows(change, target.template().columns());
        touch(target, rows, keys, voided);
      }
    }
  }

  private static void touch(
      Rule.Target target,
      List<RowImage> rows,
      Map<Key, Rule.Target> keys,
      Map<String, String> voided) {
    for (RowImage image : rows) {
      if (!target.template().columns().stream().allMatch(image::knows)) {
        voided.putIfAbsent(target.cache(), UNKNOWN_VALUE);
        return;
      }
      target
          .template()
          .render(image::value)
          .ifPresent(key -> keys.putIfAbsent(new Key(target.cache(), key), target));
    }
  }

  /** The rows that there were and are. */
  private static List<RowImage> images(ChangeEvent change) {
    return switch (change.operation()) {
      case INSERT -> List.of(change.after());
      case DELETE -> List.of(change.before());
      case UPDATE, TRUNCATE -> List.of(change.before(), change.after());
    };
  }

  /** An update matters unless every column that the rule looks at is known to be the same. */
  private static boolean matters(Rule rule, ChangeEvent change) {
    if (change.operation() != Operation.UPDATE || rule.columns().isEmpty()) {
      return true;
    }
    return rule.columns().stream().anyMatch(column -> !isSame(column, change));
  }

  private static boolean isSame(String column, ChangeEvent change) {
    return change.before().knows(column)
        && change.after().knows(column)
        && change.before().value(column).equals(change.after().value(column));
  }
}
