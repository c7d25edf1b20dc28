package dev.hearth.ingest.decode;

import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What decoding needs to know of a table.
 *
 * @param table {@code schema.table}
 * @param identity columns that identify a row, in order, none of which is ever null: those of the
 *     replica identity's index, else of the primary key; may be empty
 * @param needed columns that rules read
 * @param types of the columns of identity and needed
 * @param oldColumns columns whose old values the log carries: all with REPLICA IDENTITY FULL, those
 *     of the identity index otherwise
 * @param full whether the log carries whole old rows
 * @param identitySince LSN from which on identity, oldColumns and full hold; older records of the
 *     log may have been written under another replica identity, so their old values are not relied
 *     on. 0 where they hold for all that the slot streams
 */
public record TableShape(
    String table,
    List<String> identity,
    Set<String> needed,
    Map<String, ColumnType> types,
    Set<String> oldColumns,
    boolean full,
    long identitySince) {
  public TableShape {
    identity = List.copyOf(identity);
    needed = Set.copyOf(needed);
    types = Map.copyOf(types);
    oldColumns = Set.copyOf(oldColumns);
  }
}
