package dev.hearth.ingest;

import dev.hearth.ingest.decode.ColumnType;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A table as its changes are logged. Immutable.
 *
 * @param kind {@code pg_class.relkind}
 * @param persistence {@code pg_class.relpersistence}
 * @param full whether whole old rows are logged, now and for every partition to come
 * @param columns by name, in order
 * @param identity columns that identify a row, in order
 * @param identityIsOld whether it was so before anything that the slot will stream
 * @param oddPartition a partition that logs something else of its old rows
 * @param unloggedPartition a partition whose changes are not logged at all
 */
record CatalogTable(
    String kind,
    String persistence,
    boolean full,
    Map<String, Column> columns,
    List<String> identity,
    boolean identityIsOld,
    Optional<String> oddPartition,
    Optional<String> unloggedPartition) {
  CatalogTable {
    columns = Collections.unmodifiableMap(new LinkedHashMap<>(columns));
    identity = List.copyOf(identity);
  }

  /**
   * A column.
   *
   * @param typeName as PostgreSQL prints it
   * @param type empty where its text in the log cannot be relied on
   */
  record Column(String typeName, Optional<ColumnType> type) {}
}
