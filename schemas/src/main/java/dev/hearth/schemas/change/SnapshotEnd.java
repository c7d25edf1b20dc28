package dev.hearth.schemas.change;

import java.util.List;

/**
 * Every row that the table had has come before this record: in the snapshot, or in a change that
 * was published after its beginning.
 *
 * @param snapshot id of the request that it answers
 * @param table {@code schema.table}; for a partitioned table its root
 * @param columns what was read of each row, in alphabetical order
 */
public record SnapshotEnd(String snapshot, String table, List<String> columns)
    implements ChangeRecord {
  public SnapshotEnd {
    columns = List.copyOf(columns);
  }
}
