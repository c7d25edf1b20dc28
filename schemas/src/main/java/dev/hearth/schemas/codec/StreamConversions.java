package dev.hearth.schemas.codec;

import dev.hearth.schemas.change.ChangeEvent;
import dev.hearth.schemas.change.Operation;
import dev.hearth.schemas.change.RowImage;
import dev.hearth.schemas.change.SnapshotEnd;
import dev.hearth.schemas.change.SnapshotRequest;
import dev.hearth.schemas.change.SnapshotRow;
import dev.hearth.schemas.invalidation.Applied;
import dev.hearth.schemas.invalidation.Cause;
import dev.hearth.schemas.invalidation.Invalidation;
import dev.hearth.schemas.position.EpochRaised;
import dev.hearth.schemas.position.GenerationRaised;
import dev.hearth.schemas.position.Position;
import dev.hearth.schemas.position.SourceIdentity;
import dev.hearth.schemas.position.Watermark;
import dev.hearth.schemas.wire.ChangeOperation;
import java.time.Duration;
import java.time.temporal.ChronoUnit;

/** The records of the street change → invalidation → store, to their wire form and back. */
final class StreamConversions {
  private StreamConversions() {}

  static dev.hearth.schemas.wire.Position toWire(Position p) {
    return new dev.hearth.schemas.wire.Position(p.epoch(), p.lsn());
  }

  static Position fromWire(dev.hearth.schemas.wire.Position p) {
    return new Position(p.getEpoch(), p.getLsn());
  }

  static dev.hearth.schemas.wire.ChangeEvent toWire(ChangeEvent c) {
    return new dev.hearth.schemas.wire.ChangeEvent(
        c.table(),
        ChangeOperation.valueOf(c.operation().name()),
        c.before().columns(),
        c.after().columns(),
        c.transaction(),
        c.changeLsn(),
        toWire(c.position()),
        c.committedAt(),
        c.capturedAt());
  }

  static ChangeEvent fromWire(dev.hearth.schemas.wire.ChangeEvent c) {
    return new ChangeEvent(
        c.getTable(),
        // UNKNOWN, an operation of a newer version, is refused here and so becomes a dead letter
        Operation.valueOf(c.getOperation().name()),
        new RowImage(c.getBefore()),
        new RowImage(c.getAfter()),
        c.getTransaction(),
        c.getChangeLsn(),
        fromWire(c.getPosition()),
        c.getCommittedAt(),
        c.getCapturedAt());
  }

  static dev.hearth.schemas.wire.SnapshotRow toWire(SnapshotRow r) {
    return new dev.hearth.schemas.wire.SnapshotRow(r.snapshot(), r.table(), r.row().columns());
  }

  static SnapshotRow fromWire(dev.hearth.schemas.wire.SnapshotRow r) {
    return new SnapshotRow(r.getSnapshot(), r.getTable(), new RowImage(r.getRow()));
  }

  static dev.hearth.schemas.wire.SnapshotEnd toWire(SnapshotEnd e) {
    return new dev.hearth.schemas.wire.SnapshotEnd(e.snapshot(), e.table(), e.columns());
  }

  static SnapshotEnd fromWire(dev.hearth.schemas.wire.SnapshotEnd e) {
    return new SnapshotEnd(e.getSnapshot(), e.getTable(), e.getColumns());
  }

  static dev.hearth.schemas.wire.SnapshotRequest toWire(SnapshotRequest r) {
    return new dev.hearth.schemas.wire.SnapshotRequest(
        r.id(), r.table(), r.columns(), r.requestedAt());
  }

  static SnapshotRequest fromWire(dev.hearth.schemas.wire.SnapshotRequest r) {
    return new SnapshotRequest(r.getId(), r.getTable(), r.getColumns(), r.getRequestedAt());
  }

  static dev.hearth.schemas.wire.Watermark toWire(Watermark w) {
    return new dev.hearth.schemas.wire.Watermark(toWire(w.position()), w.gateLsn(), w.gateTime());
  }

  static Watermark fromWire(dev.hearth.schemas.wire.Watermark w) {
    return new Watermark(fromWire(w.getPosition()), w.getGateLsn(), w.getGateTime());
  }

  static dev.hearth.schemas.wire.EpochRaised toWire(EpochRaised e) {
    return new dev.hearth.schemas.wire.EpochRaised(
        e.source(),
        toWire(e.position()),
        e.identity().systemIdentifier(),
        e.identity().timeline(),
        e.identity().slot(),
        e.identity().slotBirthLsn(),
        e.settled(),
        e.reason(),
        e.raisedAt(),
        e.identity().publication(),
        e.identity().statisticsSince());
  }

  static EpochRaised fromWire(dev.hearth.schemas.wire.EpochRaised e) {
    return new EpochRaised(
        e.getSource(),
        fromWire(e.getPosition()),
        new SourceIdentity(
            e.getSystemIdentifier(),
            e.getTimeline(),
            e.getSlot(),
            e.getSlotBirthLsn(),
            e.getPublication(),
            e.getStatisticsSince()),
        e.getSettled(),
        e.getReason(),
        e.getRaisedAt());
  }

  static dev.hearth.schemas.wire.GenerationRaised toWire(GenerationRaised g) {
    return new dev.hearth.schemas.wire.GenerationRaised(
        g.cache(), g.generation(), toWire(g.position()), g.reason(), g.raisedAt());
  }

  static GenerationRaised fromWire(dev.hearth.schemas.wire.GenerationRaised g) {
    return new GenerationRaised(
        g.getCache(), g.getGeneration(), fromWire(g.getPosition()), g.getReason(), g.getRaisedAt());
  }

  static dev.hearth.schemas.wire.Invalidation toWire(Invalidation i) {
    return new dev.hearth.schemas.wire.Invalidation(
        i.cache(),
        i.key(),
        toWire(i.position()),
        i.committedAt(),
        i.capturedAt(),
        i.derivedAt(),
        new dev.hearth.schemas.wire.Cause(
            i.cause().table(), i.cause().row(), i.cause().transaction(), i.cause().rule()));
  }

  static Invalidation fromWire(dev.hearth.schemas.wire.Invalidation i) {
    dev.hearth.schemas.wire.Cause cause = i.getCause();
    return new Invalidation(
        i.getCache(),
        i.getKey(),
        fromWire(i.getPosition()),
        i.getCommittedAt(),
        i.getCapturedAt(),
        i.getDerivedAt(),
        new Cause(cause.getTable(), cause.getRow(), cause.getTransaction(), cause.getRule()));
  }

  static dev.hearth.schemas.wire.Applied toWire(Applied a) {
    return new dev.hearth.schemas.wire.Applied(
        a.store(),
        a.partition(),
        toWire(a.position()),
        a.offset(),
        a.firstOffset(),
        a.keys(),
        a.appliedAt(),
        a.took().toNanos() / 1000);
  }

  static Applied fromWire(dev.hearth.schemas.wire.Applied a) {
    return new Applied(
        a.getStore(),
        a.getPartition(),
        fromWire(a.getPosition()),
        a.getFirstOffset(),
        a.getOffset(),
        a.getKeys(),
        a.getAppliedAt(),
        Duration.of(a.getTookMicros(), ChronoUnit.MICROS));
  }
}
