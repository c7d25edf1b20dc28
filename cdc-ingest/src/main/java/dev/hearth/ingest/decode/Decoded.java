package dev.hearth.ingest.decode;

import dev.hearth.schemas.change.Operation;
import dev.hearth.schemas.change.RowImage;
import java.time.Instant;

/** What a source record turned out to be. */
public sealed interface Decoded {
  /** LSN of the record in the log, in bytes. */
  long lsn();

  /** Lower 32 bits of the top-level transaction id. */
  long transaction();

  /**
   * A change of a row, or a TRUNCATE.
   *
   * @param recordKey key of the record on the changes topic: {@link RecordKey}
   */
  record Change(
      String table,
      String recordKey,
      Operation operation,
      RowImage before,
      RowImage after,
      long transaction,
      long lsn,
      Instant committedAt)
      implements Decoded {}

  /** A heartbeat: carries a position and nothing else. */
  record Beat(long transaction, long lsn) implements Decoded {}

  /**
   * A change that could not be read. It is published as a change of which nothing is known, so that
   * what depends on the table is voided, and as a dead letter.
   */
  record Refusal(String table, String reason, long transaction, long lsn, Instant committedAt)
      implements Decoded {}
}
