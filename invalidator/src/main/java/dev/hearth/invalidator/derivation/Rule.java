package dev.hearth.invalidator.derivation;

import dev.hearth.schemas.key.KeyTemplate;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * One rule, checked: which change of a row touches which keys.
 *
 * @param table {@code schema.table}
 * @param columns whose change matters, those that lead to the keys among them; empty means every
 *     change
 * @param targets at least one
 * @param through whether the keys are those of rows of another table
 * @param when which changes matter; empty means all
 */
public record Rule(
    String table, Set<String> columns, List<Target> targets, boolean through, Optional<When> when) {
  public Rule {
    columns = Set.copyOf(columns);
    targets = List.copyOf(targets);
  }

  /** Columns of the table that keys are made of, or that lead to other rows of keys. */
  Set<String> keyColumns() {
    Set<String> columns = new LinkedHashSet<>();
    targets.forEach(target -> columns.addAll(target.columns()));
    return columns;
  }

  /** All columns of the table that this rule looks at. */
  Set<String> reads() {
    Set<String> all = keyColumns();
    all.addAll(columns);
    when.ifPresent(asked -> all.addAll(asked.condition().columns()));
    return all;
  }

  /**
   * A key that a rule touches.
   *
   * @param path place in the configuration, such as {@code rules[0].keys[1]}
   * @param cache that the key belongs to
   * @param join the tables that the key is made over; empty where it is the rule's alone
   */
  public record Target(String path, String cache, KeyTemplate template, Optional<Join> join) {
    /** Columns of the rule's table that the key is made of, or that lead to the rows that are. */
    Set<String> columns() {
      return join.map(over -> over.columns(0, template))
          .orElseGet(() -> new LinkedHashSet<>(template.columns()));
    }
  }
}
