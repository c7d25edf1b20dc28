package dev.hearth.ingest;

import dev.hearth.ingest.decode.Decoded;
import dev.hearth.ingest.decode.RecordKey;
import dev.hearth.ingest.position.GateSnapshot;
import dev.hearth.schemas.change.ChangeEvent;
import dev.hearth.schemas.change.Operation;
import dev.hearth.schemas.change.RowImage;
import dev.hearth.schemas.position.Position;
import java.time.Instant;
import java.util.Optional;

/**
 * What is published of a change that the gate let pass: it is true from the position on at which
 * the gate was asked. Immutable.
 *
 * @param key of the record on the changes topic: {@link RecordKey}
 */
record VisibleChange(String key, ChangeEvent event) {
  static VisibleChange of(
      Decoded.Change change, long epoch, GateSnapshot seenBy, Instant capturedAt) {
    return new VisibleChange(
        change.recordKey(),
        new ChangeEvent(
            change.table(),
            change.operation(),
            change.before(),
            change.after(),
            seenBy.widen(change.transaction()),
            change.lsn(),
            new Position(epoch, seenBy.flushLsn()),
            change.committedAt(),
            capturedAt));
  }

  /** A change that could not be read: nothing is known of it but the table. */
  static VisibleChange of(
      Decoded.Refusal refusal, long epoch, GateSnapshot seenBy, Instant capturedAt) {
    return unknown(
        refusal.table(),
        seenBy.widen(refusal.transaction()),
        refusal.lsn(),
        new Position(epoch, seenBy.flushLsn()),
        refusal.committedAt(),
        capturedAt);
  }

  /** Anything may have changed in a table. */
  static VisibleChange ofTable(String table, long epoch, GateSnapshot seenBy, Instant capturedAt) {
    return unknown(
        table,
        ChangeEvent.NO_TRANSACTION,
        seenBy.flushLsn(),
        new Position(epoch, seenBy.flushLsn()),
        seenBy.takenAt(),
        capturedAt);
  }

  /** Whatever depends on the table is voided. */
  private static VisibleChange unknown(
      String table,
      long transaction,
      long lsn,
      Position position,
      Instant committedAt,
      Instant capturedAt) {
    return new VisibleChange(
        RecordKey.of(table),
        new ChangeEvent(
            table,
            Operation.UPDATE,
            RowImage.UNKNOWN,
            RowImage.UNKNOWN,
            transaction,
            lsn,
            position,
            committedAt,
            capturedAt));
  }

  /** The key where it is one row's; empty where the change does not say which row it is of. */
  Optional<String> row() {
    return key.equals(RecordKey.of(event.table())) ? Optional.empty() : Optional.of(key);
  }
}
