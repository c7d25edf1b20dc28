package dev.hearth.ingest;

import dev.hearth.chassis.condition.ColumnType;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A table as the catalog has it now. Immutable.
 *
 * @param name {@code schema.table}
 * @param root of a partition, the partitioned table; empty for every other table
 * @param rowSecurity whether policies hide rows from the role that reads
 * @param children tables that inherit from it and are no partitions
 * @param columns by name, in their order
 */
record LiveTable(
    String name,
    Optional<String> root,
    boolean rowSecurity,
    List<String> children,
    Map<String, Column> columns) {
  LiveTable {
    children = List.copyOf(children);
    columns = Collections.unmodifiableMap(new LinkedHashMap<>(columns));
  }

  /**
   * A column.
   *
   * @param catalogName of its type, of a domain's base type, such as {@code int4}
   * @param nullable whether it can be NULL
   * @param generated whether it is computed from others
   * @param readable whether the role may select it
   */
  record Column(
      ColumnType type, String catalogName, boolean nullable, boolean generated, boolean readable) {}

  Optional<Column> column(String column) {
    return Optional.ofNullable(columns.get(column));
  }

  Optional<ColumnType> type(String column) {
    return column(column).map(Column::type);
  }
}
