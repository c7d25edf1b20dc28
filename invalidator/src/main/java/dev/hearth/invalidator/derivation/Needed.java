package dev.hearth.invalidator.derivation;

import java.util.Set;

/**
 * What rules read of a table's rows.
 *
 * @param columns for keys, filters, conditions and joins; empty where no rule names the table
 * @param ofDeleted those of them that are read of a deleted row as well
 * @param joinedOn those of them by whose value rows are looked up
 * @param joined whether rows are looked up, so that all have to be known
 */
public record Needed(
    Set<String> columns, Set<String> ofDeleted, Set<String> joinedOn, boolean joined) {
  /** Of a table that no rule names. */
  static final Needed NOTHING = new Needed(Set.of(), Set.of(), Set.of(), false);

  public Needed {
    columns = Set.copyOf(columns);
    ofDeleted = Set.copyOf(ofDeleted);
    joinedOn = Set.copyOf(joinedOn);
  }
}
