package dev.hearth.invalidator.rows;

import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * What the rules need of a table's rows.
 *
 * @param columns that are read; empty where no rule reads the table
 * @param ofDeleted those of them whose old value is needed of a deleted row as well
 * @param indexed those of them by whose value rows are looked up, because a rule joins on them;
 *     where there are any, the rows are kept whatever the log carries
 * @param kept whether the rows are kept whatever the log carries, because a rule joins the table
 */
public record TableNeeds(
    Set<String> columns, Set<String> ofDeleted, Set<String> indexed, boolean kept) {
  public TableNeeds {
    columns = Set.copyOf(columns);
    ofDeleted = Set.copyOf(ofDeleted);
    indexed = Set.copyOf(indexed);
  }

  /** In alphabetical order: what is stored of each row, and asked for. */
  List<String> sorted() {
    return List.copyOf(new TreeSet<>(columns));
  }
}
