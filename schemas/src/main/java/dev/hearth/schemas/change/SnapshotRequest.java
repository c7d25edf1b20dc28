package dev.hearth.schemas.change;

import java.time.Instant;
import java.util.List;

/**
 * Asks the ingest for the rows of a table. It stands on its topic, under its table, until they are
 * published; a later one for the table takes its place.
 *
 * @param id of the snapshot, unique
 * @param table {@code schema.table}; for a partitioned table its root
 * @param columns what to read of each row, in alphabetical order
 * @param requestedAt on the asking service's clock
 */
public record SnapshotRequest(String id, String table, List<String> columns, Instant requestedAt) {
  public SnapshotRequest {
    columns = List.copyOf(columns);
  }
}
