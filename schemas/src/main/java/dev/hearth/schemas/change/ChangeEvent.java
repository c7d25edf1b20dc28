package dev.hearth.schemas.change;

import dev.hearth.schemas.position.Position;
import java.time.Instant;

/**
 * One committed change of one row (or a TRUNCATE of one table), published only when it can be read
 * on the primary.
 *
 * @param table {@code schema.table}; for a partitioned table its root
 * @param before old values of the columns that rules need, where known
 * @param after new values of the columns that rules need
 * @param transaction top-level transaction id, widened to 64 bits
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
    implements ChangeRecord {}
