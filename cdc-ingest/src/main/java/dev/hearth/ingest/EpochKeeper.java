package dev.hearth.ingest;

import dev.hearth.ingest.position.EpochDecision;
import dev.hearth.ingest.position.GateSnapshot;
import dev.hearth.ingest.publish.ChangePublisher;
import dev.hearth.schemas.position.EpochRaised;
import dev.hearth.schemas.position.Position;
import dev.hearth.schemas.position.SourceIdentity;
import io.micrometer.core.instrument.Counter;
import java.time.Clock;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Raises epochs. A transaction that was under way when the slot became consistent may never be
 * decoded, and yet become visible later; so an epoch is raised once at the start and once more when
 * every transaction of that time is over (docs/coherence.md, birth of a slot). Not thread-safe.
 */
final class EpochKeeper {
  private static final Logger LOG = LoggerFactory.getLogger(EpochKeeper.class);

  private final ChangePublisher publisher;
  private final SourceIdentity identity;
  private final Clock clock;
  private final Counter raises;
  private long epoch;
  private long settledAtXmin;
  private boolean settled;
  private Optional<EpochRaised> raised = Optional.empty();

  private EpochKeeper(
      ChangePublisher publisher,
      SourceIdentity identity,
      Clock clock,
      Counter raises,
      long epoch,
      boolean settled) {
    this.publisher = publisher;
    this.identity = identity;
    this.clock = clock;
    this.raises = raises;
    this.epoch = epoch;
    this.settled = settled;
  }

  /**
   * Goes on with the last epoch, or raises one.
   *
   * @param youngest id of a transaction that began after the slot was there
   */
  static EpochKeeper open(
      EpochDecision decision,
      Optional<EpochRaised> last,
      SourceIdentity now,
      GateSnapshot snapshot,
      long youngest,
      ChangePublisher publisher,
      Clock clock,
      Counter raises) {
    if (decision instanceof EpochDecision.Keep keep) {
      EpochRaised kept = last.orElseThrow();
      EpochKeeper keeper =
          new EpochKeeper(publisher, kept.identity(), clock, raises, keep.epoch(), kept.settled());
      keeper.settledAtXmin = youngest;
      keeper.raised = last;
      return keeper;
    }
    long lastEpoch = last.map(raised -> raised.position().epoch()).orElse(0L);
    EpochKeeper keeper = new EpochKeeper(publisher, now, clock, raises, lastEpoch, false);
    keeper.settledAtXmin = youngest;
    keeper.raise(snapshot, ((EpochDecision.Raise) decision).reason());
    return keeper;
  }

  long epoch() {
    return epoch;
  }

  /** The mark of the epoch. */
  EpochRaised raised() {
    return raised.orElseThrow();
  }

  /** Whether every transaction older than the slot is over. */
  boolean isSettled() {
    return settled;
  }

  /**
   * Raises the second epoch of a start once it is due.
   *
   * @return whether there is a new epoch
   */
  boolean settle(GateSnapshot snapshot) {
    if (settled || snapshot.xmin() < settledAtXmin) {
      return false;
    }
    settled = true;
    raise(snapshot, "every transaction older than the slot is over");
    return true;
  }

  private void raise(GateSnapshot snapshot, String reason) {
    // Above every epoch that was ever used, also where the topic that remembers them was lost.
    epoch = Math.max(epoch + 1, clock.millis());
    EpochRaised mark =
        new EpochRaised(
            identity.slot(),
            new Position(epoch, snapshot.flushLsn()),
            identity,
            settled,
            reason,
            clock.instant());
    publisher.register(identity.slot(), mark);
    raised = Optional.of(mark);
    raises.increment();
    LOG.info("epoch raised epoch={} settled={} reason=\"{}\"", epoch, settled, reason);
  }
}
