package dev.hearth.invalidator.derivation;

import dev.hearth.chassis.condition.ConditionFailedException;
import dev.hearth.schemas.change.ChangeEvent;
import dev.hearth.schemas.change.Operation;
import dev.hearth.schemas.change.RowImage;
import dev.hearth.schemas.key.KeyException;
import dev.hearth.schemas.key.KeyTemplate;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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
  public static final String FAN_OUT = "fan-out";

  /** A condition could not be asked of a row. */
  static final String CONDITION_FAILED = "condition-failed";

  /** A value is not what its format in a key takes, or the key is too long. */
  static final String KEY_FAILED = "key-failed";

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
   * @param failures conditions that could not be asked of the row and keys that could not be made
   *     of it, one sentence each; their caches are voided
   */
  public record Touched(
      Map<Key, Rule.Target> keys,
      Map<String, String> voided,
      List<Rule.Target> joined,
      List<String> failures) {
    /** With what was looked up. */
    Touched with(FanOut reached) {
      Map<String, String> allVoided = new LinkedHashMap<>(voided);
      reached.voided().forEach(allVoided::putIfAbsent);
      Map<Key, Rule.Target> allKeys = new LinkedHashMap<>(keys);
      reached.keys().forEach(allKeys::putIfAbsent);
      allKeys.keySet().removeIf(key -> allVoided.containsKey(key.cache()));
      List<String> allFailures = new ArrayList<>(failures);
      allFailures.addAll(reached.failures());
      return new Touched(allKeys, allVoided, joined, allFailures);
    }
  }

  /** A key of a cache. */
  public record Key(String cache, String key) {}

  /** What a change touches as far as its own row says. */
  public Touched derive(ChangeEvent change) {
    Map<Key, Rule.Target> keys = new LinkedHashMap<>();
    Map<String, String> voided = new LinkedHashMap<>();
    List<Rule.Target> joined = new ArrayList<>();
    List<String> failures = new ArrayList<>();
    for (Rule rule : rules.of(change.table())) {
      if (!matters(rule, change)) {
        continue;
      }
      try {
        touch(rule, change, keys, voided, joined, failures);
      } catch (ConditionFailedException e) {
        failures.add(rule.when().map(When::path).orElse("") + ": " + e.getMessage());
        rule.targets().forEach(target -> voided.putIfAbsent(target.cache(), CONDITION_FAILED));
      }
    }
    keys.keySet().removeIf(key -> voided.containsKey(key.cache()));
    return new Touched(keys, voided, joined, failures);
  }

  /**
   * What a change touches, with the keys that are made over other tables.
   *
   * @param lookup rows of other tables
   * @param keep remembers what the change made of its row; run once, between the look-ups for the
   *     old row and those for the new one, so that each is joined with the rows of its time
   */
  public Touched derive(ChangeEvent change, RowLookup lookup, Runnable keep) {
    Touched touched = derive(change);
    List<FanOut.Place> places = new ArrayList<>();
    touched.joined().forEach(target -> places.add(new FanOut.Place(target, 0)));
    places.addAll(rules.through(change.table()));
    if (change.operation() != Operation.TRUNCATE) {
      places.removeIf(place -> !place.fires());
    }
    FanOut reached = new FanOut(lookup, change);
    reached.before(places);
    keep.run();
    reached.after(places);
    return touched.with(reached);
  }

  private static void touch(
      Rule rule,
      ChangeEvent change,
      Map<Key, Rule.Target> keys,
      Map<String, String> voided,
      List<Rule.Target> joined,
      List<String> failures) {
    for (Rule.Target target : rule.targets()) {
      if (change.operation() == Operation.TRUNCATE) {
        voided.putIfAbsent(target.cache(), TRUNCATE);
      } else if (rule.through()) {
        if (!rows(rule, change, target.columns()).isEmpty()) {
          joined.add(target);
        }
      } else {
        try {
          touch(target, change.table(), rows(rule, change, target.columns()), keys, voided);
        } catch (KeyException e) {
          failures.add(target.path() + ": " + e.getMessage());
          voided.putIfAbsent(target.cache(), KEY_FAILED);
        }
      }
    }
  }

  private static void touch(
      Rule.Target target,
      String table,
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
          .render(column -> value(column, table, image))
          .ifPresent(key -> keys.putIfAbsent(new Key(target.cache(), key), target));
    }
  }

  /** The rows that there were and are, as far as the rule's condition lets them count. */
  private static List<RowImage> rows(Rule rule, ChangeEvent change, Set<String> key) {
    return rule.when().isEmpty() ? images(change) : rule.when().get().rows(change, key);
  }

  private static Optional<String> value(String column, String table, RowImage image) {
    int dot = table.indexOf('.');
    return switch (column) {
      case KeyTemplate.SCHEMA -> Optional.of(table.substring(0, dot));
      case KeyTemplate.TABLE -> Optional.of(table.substring(dot + 1));
      default -> image.value(column);
    };
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
