package dev.hearth.ingest.position;

import dev.hearth.schemas.position.Position;
import dev.hearth.schemas.position.Watermark;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Computes the watermark: what has surely been published. Deterministic and without I/O; not
 * thread-safe.
 *
 * <p>The stream delivers transactions in the order of their commit records, so when a record with
 * LSN x is received, everything with a commit record below x has been received before it; likewise
 * everything up to the commit record that came last before it. W is therefore the highest such LSN
 * received all of whose predecessors are acknowledged by the broker. (The LSNs of rows by
 * themselves go backwards, since transactions interleave: hence the maximum.)
 *
 * <p>The gate time t is independent of W, so that a commit that is stuck does not stop it:
 * everything visible at t is published once the stream has passed the insert LSN read at t (a
 * commit can be visible before it is flushed), and every received transaction that the snapshot of
 * t sees is out.
 */
public final class WatermarkTracker {
  /** A record that is not out yet, and the highest LSN of those behind it that are. */
  private static final class Entry {
    private final long transaction;
    private long highestLsn;

    private Entry(long transaction, long lsn) {
      this.transaction = transaction;
      this.highestLsn = lsn;
    }

    private void cover(long lsn) {
      if (Long.compareUnsigned(lsn, highestLsn) > 0) {
        highestLsn = lsn;
      }
    }
  }

  /** By sequence number. What is out is folded into what stands before it, so this stays small. */
  private final TreeMap<Long, Entry> outstanding = new TreeMap<>();

  private long highestPrefixLsn;
  private long highestReceivedLsn;
  private long gateLsn;
  private @Nullable GateSnapshot candidate;
  private Instant gateTime;

  /**
   * A tracker that has received nothing.
   *
   * @param gateTime the newest one that earlier sessions of the epoch vouched for: it stays true
   */
  public WatermarkTracker(Instant gateTime) {
    this.gateTime = gateTime;
  }

  /** Records must be received in the order of their sequence numbers. */
  public void received(Captured<?> captured) {
    outstanding.put(captured.sequence(), new Entry(captured.transaction(), captured.lsn()));
    if (Long.compareUnsigned(captured.lsn(), highestReceivedLsn) > 0) {
      highestReceivedLsn = captured.lsn();
    }
  }

  /** The broker has it, or there was nothing to publish. In any order; a second time is nothing. */
  public void acknowledged(long sequence) {
    Entry entry = outstanding.remove(sequence);
    if (entry == null) {
      return;
    }
    Map.Entry<Long, Entry> before = outstanding.lowerEntry(sequence);
    if (before != null) {
      before.getValue().cover(entry.highestLsn);
    } else if (Long.compareUnsigned(entry.highestLsn, highestPrefixLsn) > 0) {
      highestPrefixLsn = entry.highestLsn;
    }
  }

  /** The gate was asked. */
  public void asked(GateSnapshot snapshot) {
    if (Long.compareUnsigned(snapshot.flushLsn(), gateLsn) > 0) {
      gateLsn = snapshot.flushLsn();
    }
    settleCandidate();
    if (candidate == null) {
      candidate = snapshot;
      settleCandidate();
    }
  }

  private void settleCandidate() {
    GateSnapshot snapshot = candidate;
    if (snapshot == null
        || Long.compareUnsigned(highestReceivedLsn, snapshot.insertLsn()) < 0
        || outstanding.values().stream()
            .anyMatch(entry -> snapshot.sees(snapshot.widen(entry.transaction)))) {
      return;
    }
    if (snapshot.takenAt().isAfter(gateTime)) {
      gateTime = snapshot.takenAt();
    }
    candidate = null;
  }

  /** The watermark now; empty before anything was received and published. */
  public Optional<Watermark> watermark(long epoch) {
    return highestPrefixLsn == 0
        ? Optional.empty()
        : Optional.of(new Watermark(new Position(epoch, highestPrefixLsn), gateLsn, gateTime));
  }

  /** Sequence number of the first record that is not acknowledged; the next one where all are. */
  public long acknowledgedBefore(long nextSequence) {
    return outstanding.isEmpty() ? nextSequence : outstanding.firstKey();
  }

  /** Whether no record waits for the gate or the broker. */
  public boolean isSettled() {
    return outstanding.isEmpty();
  }
}
