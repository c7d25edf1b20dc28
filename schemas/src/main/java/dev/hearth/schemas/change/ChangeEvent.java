package dev.hearth.schemas.change;

import dev.hearth.schemas.position.Position;
import java.time.Instant;

/**
 * One committed change of one row (or a TRUNCATE of one table), published only when it can be read
 * on the primary.
 *
 * <p>The key of its record says which row it is: the table, a colon, and the values of the columns
 * that identify a row, separated by commas, {@code public.price:42,eu}. A backslash stands before
 * each comma, colon and backslash that belongs to a name or a value. Those columns are the ones of
 * the replica identity's index, else of the primary key; an update that changes them comes as a
 * DELETE of the old row and an INSERT of the new one, both with the same LSN. A change that does
 * not say which row it is of has the table alone as its key: a TRUNCATE, and an UPDATE or DELETE
 * after which nothing that is known of any row of the table can be relied on.
 *
 * <p>A column that rules need and that the new row of an UPDATE does not know is a large value that
 * the update left as it was.
 *
 * @param table {@code schema.table}; for a partitioned table its root
 * @param before old values of the columns that rules need, where known
 * @param after new values of the columns that rules need
 * @param transaction top-level transaction id, widened to 64 bits; {@link #NO_TRANSACTION} where
 *     anything may have changed, by whomever
 * @param changeLsn LSN of the change itself; for one row this is commit order
 * @param position flush LSN when the change was found visible
 * @param committedAt on the database's clock
 * @param capturedAt when ingest received it, on its own clock
 */
public record ChangeEvent(
    String table,
    Operation operation,
    RowImage before,
    RowImage after,
    long transaction,
    long changeLsn,
    Position position,
    Instant committedAt,
    Instant capturedAt)
    implements ChangeRecord {
  /** No transaction has this id. */
  public static final long NO_TRANSACTION = 0;
}
