package dev.hearth.invalidator.derivation;

import dev.hearth.schemas.change.RowImage;
import dev.hearth.schemas.key.KeyTemplate;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The tables that a key of a rule is made over: the changed one, and one or two that it goes
 * through. Immutable.
 *
 * @param tiers the rule's own table first, each joined to the one before it
 * @param limit most rows that one change may reach, above 0
 */
public record Join(List<Tier> tiers, int limit) {
  public Join {
    tiers = List.copyOf(tiers);
  }

  /**
   * One table.
   *
   * @param name in keys
   * @param column of this table that is equal to {@code former}; empty of the first
   * @param former column of the table before
   * @param fires whether a change of its rows touches the key
   */
  public record Tier(String name, String table, String column, String former, boolean fires) {}

  /** Tiers from the lowest to the highest, both counted from 0. */
  record Range(int from, int to) {
    boolean hasStep(int upper) {
      return from < upper && upper <= to;
    }
  }

  /** The tier that a column of a key belongs to; empty where no table is called so. */
  Optional<Integer> tierOf(String column) {
    int dot = column.indexOf('.');
    if (dot < 0) {
      return Optional.of(0);
    }
    String name = column.substring(0, dot);
    for (int i = 0; i < tiers.size(); i++) {
      if (tiers.get(i).name().equals(name)) {
        return Optional.of(i);
      }
    }
    return Optional.empty();
  }

  /** A column of a key without the table's name. */
  static String own(String column) {
    return column.substring(column.indexOf('.') + 1);
  }

  /** The tiers whose rows a change of one of them has to look at. */
  Range range(int changed, KeyTemplate template) {
    int from = changed;
    int to = changed;
    for (String column : template.columns()) {
      int tier = tierOf(column).orElse(changed);
      from = Math.min(from, tier);
      to = Math.max(to, tier);
    }
    return new Range(from, to);
  }

  /** Columns of a tier that a key is made of, and those that are followed to other tiers. */
  Set<String> columns(int tier, KeyTemplate template) {
    Set<String> columns = new LinkedHashSet<>();
    for (String column : template.columns()) {
      if (tierOf(column).equals(Optional.of(tier))) {
        columns.add(own(column));
      }
    }
    for (int changed = 0; changed < tiers.size(); changed++) {
      if (tiers.get(changed).fires()) {
        Range range = range(changed, template);
        if (range.hasStep(tier)) {
          columns.add(tiers.get(tier).column());
        }
        if (range.hasStep(tier + 1)) {
          columns.add(tiers.get(tier + 1).former());
        }
      }
    }
    return columns;
  }

  /** Columns of a tier by whose value its rows are looked up. */
  Set<String> lookedUpBy(int tier, KeyTemplate template) {
    Set<String> columns = new LinkedHashSet<>();
    for (int changed = 0; changed < tiers.size(); changed++) {
      if (tiers.get(changed).fires()) {
        Range range = range(changed, template);
        if (changed < tier && range.hasStep(tier)) {
          columns.add(tiers.get(tier).column());
        }
        if (changed > tier && range.hasStep(tier + 1)) {
          columns.add(tiers.get(tier + 1).former());
        }
      }
    }
    return columns;
  }

  /** Whether the image has a value, or SQL NULL, in all columns. */
  static boolean knows(RowImage image, Set<String> columns) {
    return columns.stream().allMatch(image::knows);
  }
}
