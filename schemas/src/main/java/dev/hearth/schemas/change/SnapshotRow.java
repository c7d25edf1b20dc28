package dev.hearth.schemas.change;

/**
 * One row as a snapshot read it on the primary. Every change of the row that stands before this
 * record on the topic is in it; a change that is not in it comes later.
 *
 * <p>So it may overwrite whatever is known of the row. It may come more than once: a snapshot that
 * is interrupted begins again from its beginning, under the same id. A stretch of changes that is
 * published again after an interruption stands behind rows that have them in them already, and
 * makes them again what they were, at its end at the latest.
 *
 * <p>Its record key is the one that changes of the row have.
 *
 * @param snapshot id of the request that it answers
 * @param table {@code schema.table}; for a partitioned table its root
 * @param row values of the requested columns
 */
public record SnapshotRow(String snapshot, String table, RowImage row) implements ChangeRecord {}
