package dev.hearth.ingest.position;

import dev.hearth.schemas.position.EpochRaised;
import dev.hearth.schemas.position.Position;
import dev.hearth.schemas.position.SourceIdentity;
import java.util.Optional;

/**
 * Whether what was cached from a source can still be brought up to date from its log, or must be
 * voided by a new epoch; pure. In doubt: a new epoch.
 */
public sealed interface EpochDecision {

  /** The log goes on where it was left. */
  record Keep(long epoch) implements EpochDecision {}

  /** Changes may have been missed: everything cached is void. */
  record Raise(String reason) implements EpochDecision {}

  /**
   * What the source says of itself now.
   *
   * @param identity its slot's birth is known only when the slot was created just now
   * @param slotCreatedNow whether the slot was created by this start
   * @param confirmedFlushLsn from where the slot will stream
   * @param flushLsn how far the server's log is durable
   */
  record Source(
      SourceIdentity identity, boolean slotCreatedNow, long confirmedFlushLsn, long flushLsn) {}

  /**
   * Decides.
   *
   * @param last the latest epoch of this source, if there is one
   * @param published the latest watermark that the changes topic holds, if there is one
   */
  static EpochDecision decide(
      Source source, Optional<EpochRaised> last, Optional<Position> published) {
    if (last.isEmpty()) {
      return new Raise("first start with slot " + source.identity().slot());
    }
    SourceIdentity before = last.get().identity();
    SourceIdentity now = source.identity();
    if (!before.systemIdentifier().equals(now.systemIdentifier())) {
      return new Raise(
          "another database: system identifier was "
              + before.systemIdentifier()
              + ", is "
              + now.systemIdentifier());
    }
    if (before.timeline() != now.timeline()) {
      return new Raise(
          "the timeline changed from "
              + before.timeline()
              + " to "
              + now.timeline()
              + ": a failover or a restore");
    }
    if (!before.slot().equals(now.slot())) {
      return new Raise("the slot was " + before.slot() + ", is " + now.slot());
    }
    if (source.slotCreatedNow()) {
      return new Raise("slot " + now.slot() + " was gone and has been created again");
    }
    if (!before.publication().equals(now.publication())) {
      return new Raise(
          "the publication was changed or created again: it may have left out changes");
    }
    if (now.statisticsSince().isAfter(before.statisticsSince())) {
      return new Raise(
          "the server has no statistics from before "
              + now.statisticsSince()
              + ": it crashed, and what was committed asynchronously may have been read and then lost");
    }
    long epoch = last.get().position().epoch();
    if (published.isEmpty() || published.get().epoch() != epoch) {
      return new Raise("the changes topic holds no watermark of epoch " + epoch);
    }
    if (Long.compareUnsigned(source.flushLsn(), published.get().lsn()) < 0) {
      return new Raise(
          "the log ends at "
              + new Position(epoch, source.flushLsn())
              + ", before what was published, "
              + published.get()
              + ": the database was restored");
    }
    if (Long.compareUnsigned(source.confirmedFlushLsn(), published.get().lsn()) > 0) {
      return new Raise(
          "slot "
              + now.slot()
              + " stands at "
              + new Position(epoch, source.confirmedFlushLsn())
              + ", beyond what was published, "
              + published.get()
              + ": somebody advanced or recreated it");
    }
    return new Keep(epoch);
  }
}
