package dev.hearth.ingest.decode;

import java.util.List;
import java.util.Set;

/**
 * What decoding needs to know of a table.
 *
 * @param table {@code schema.table}
 * @param primaryKey its columns in order; may be empty
 * @param needed columns that rules read
 * @param oldColumns columns whose old values the log carries: all with REPLICA IDENTITY FULL, those
 *     of the identity index otherwise
 * @param full whether the log carries whole old rows
 * @param identitySince LSN from which on oldColumns and full hold; older records of the log may
 *     have been written under another replica identity, so their old values are not relied on. 0
 *     where they hold for all that the slot streams
 */
public record TableShape(
    String table,
    List<String> primaryKey,
    Set<String> needed,
    Set<String> oldColumns,
    boolean full,
    long identitySince) {
  public TableShape {
    primaryKey = List.copyOf(primaryKey);
    needed = Set.copyOf(needed);
    oldColumns = Set.copyOf(oldColumns);
  }
}
