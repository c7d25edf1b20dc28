package dev.hearth.invalidator.derivation;

/** Rows of other tables, as one change met them. */
@FunctionalInterface
public interface RowLookup {
  /**
   * Rows of a table with a value in a column, or that there are more than a number of them, or that
   * nobody can say.
   *
   * @param after whether with what the change itself made
   * @param limit above 0
   */
  KnownRows.Found find(String table, String column, String value, boolean after, int limit);
}
