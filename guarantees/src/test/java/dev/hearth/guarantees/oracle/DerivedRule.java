package dev.hearth.guarantees.oracle;

import java.util.List;

/**
 * A rule that a person writes for what a query shows.
 *
 * @param columns that matter; empty: all
 * @param key template
 * @param through the steps as they stand in the configuration; empty without
 * @param when condition; empty without
 * @param kind for the report
 */
record DerivedRule(
    Table table, List<String> columns, String key, String through, String when, String kind) {

  DerivedRule(Table table, List<String> columns, String key, String kind) {
    this(table, columns, key, "", "", columns.isEmpty() ? kind : kind + ", columns");
  }

  DerivedRule through(String steps) {
    return new DerivedRule(table, columns, key, steps, when, kind);
  }

  DerivedRule when(String condition) {
    return new DerivedRule(table, columns, key, through, condition, kind + ", when");
  }

  /** All but the key: rules that share it can be written as one with several keys. */
  String head() {
    return "table: "
        + table.qualified()
        + (columns.isEmpty() ? "" : ", columns: [ " + String.join(", ", columns) + " ]")
        + (when.isEmpty() ? "" : ", when: \"" + when + "\"")
        + (through.isEmpty() ? "" : ", through: " + through);
  }
}
