package dev.hearth.warmer.guard;

import dev.hearth.schemas.position.History;
import dev.hearth.schemas.position.Position;
import dev.hearth.store.standby.EpochHistories;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * How old what a store holds can be, by what the primary and the store say themselves: once every
 * partition of the store has applied the LSN that the primary stood at when it was asked, the store
 * misses nothing that could be read then. No clock but this process's own is used, and nothing but
 * the primary and the store has to be there. Immutable; pure.
 *
 * <p>A commit that is stuck (for want of a synchronous standby) holds A, and so this proof.
 *
 * @param open the mark that the store has not been seen at yet
 * @param provenNanos when the primary was asked for the latest mark that it was seen at
 */
record StreamProof(Optional<PrimaryMark> open, Optional<Long> provenNanos) {
  static final StreamProof NONE = new StreamProof(Optional.empty(), Optional.empty());

  /** Whether to ask the primary, so that there is something to wait for. */
  boolean wantsMark() {
    return open.isEmpty();
  }

  StreamProof with(PrimaryMark mark) {
    return new StreamProof(Optional.of(mark), provenNanos);
  }

  /**
   * What follows from what a store has applied.
   *
   * @param applied A of every partition; one that is absent has no record
   * @param histories of epochs
   */
  StreamProof seen(List<Optional<Position>> applied, EpochHistories histories) {
    if (applied.stream().anyMatch(Optional::isEmpty)) {
      // It was flushed, or came back another: what it held is gone, and the proof with it.
      return new StreamProof(open, Optional.empty());
    }
    if (open.isEmpty()) {
      return this;
    }
    PrimaryMark mark = open.get();
    boolean all = !applied.isEmpty();
    for (Optional<Position> each : applied) {
      Optional<History> history = each.flatMap(at -> histories.of(at.epoch()));
      if (history.isPresent() && !history.get().equals(mark.history())) {
        // LSNs of two histories do not compare; the next mark may be of the store's.
        return new StreamProof(Optional.empty(), provenNanos);
      }
      all &=
          history.isPresent()
              && each.isPresent()
              && Long.compareUnsigned(each.get().lsn(), mark.lsn()) >= 0;
    }
    return all ? new StreamProof(Optional.empty(), Optional.of(mark.askedNanos())) : this;
  }

  /** Most that the store can be old; empty where nothing is proven. */
  Optional<Duration> age(long nowNanos) {
    return provenNanos.map(proven -> Duration.ofNanos(nowNanos - proven));
  }
}
