package dev.hearth.invalidator.derivation;

import dev.hearth.schemas.change.ChangeEvent;
import dev.hearth.schemas.change.Operation;
import dev.hearth.schemas.change.RowImage;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

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

  /** More rows of other tables are reached than the rule allows. */
  static final String FAN_OUT = "fan-out";

  private final Rules rules;

  public Derivation(Rules rules) {
    this.rules = rules;
  }

  /**
   * What a change touches.
   *
   * @param keys single keys, each with the first rule that named it
   * @param voided whole caches, each with the reason; none of their keys is in {@code keys}
   * @param joined keys that are made over other tables and that the change touches, to be looked up
   */
  public record Touched(
      Map<Key, Rule.Target> keys, Map<String, String> voided, List<Rule.Target> joined) {
    /** With what was looked up. */
    Touched with(Map<Key, Rule.Target> moreKeys, Map<String, String> moreVoided) {
      Map<String, String> allVoided = new LinkedHashMap<>(voided);
      moreVoided.forEach(allVoided::putIfAbsent);
      Map<Key, Rule.Target> allKeys = new LinkedHashMap<>(keys);
      moreKeys.forEach(allKeys::putIfAbsent);
      allKeys.keySet().removeIf(key -> allVoided.containsKey(key.cache()));
      return new Touched(allKeys, allVoided, joined);
    }
  }

  /** A key of a cache. */
  public record Key(String cache, String key) {}

  public Touched derive(ChangeEvent change) {
    Map<Key, Rule.Target> keys = new LinkedHashMap<>();
    Map<String, String> voided = new LinkedHashMap<>();
    List<Rule.Target> joined = new ArrayList<>();
    for (Rule rule : rules.of(change.table())) {
      if (!matters(rule, change)) {
        continue;
      }
      for (Rule.Target target : rule.targets()) {
        if (change.operation() == Operation.TRUNCATE) {
          voided.putIfAbsent(target.cache(), TRUNCATE);
        } else if (rule.through()) {
          joined.add(target);
        } else {
          touch(target, change, keys, voided);
        }
      }
    }
    keys.keySet().removeIf(key -> voided.containsKey(key.cache()));
    return new Touched(keys, voided, joined);
  }

  private static void touch(
      Rule.Target target,
      ChangeEvent change,
      Map<Key, Rule.Target> keys,
      Map<String, String> voided) {
    for (RowImage image : images(change)) {
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
    Set<String> looked = new LinkedHashSet<>(rule.columns());
    // A key that moved matters, whatever the filter says.
    looked.addAll(rule.keyColumns());
    return looked.stream().anyMatch(column -> !isSame(column, change));
  }

  private static boolean isSame(String column, ChangeEvent change) {
    return change.before().knows(column)
        && change.after().knows(column)
        && change.before().value(column).equals(change.after().value(column));
  }
}
