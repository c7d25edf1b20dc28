package dev.hearth.ingest.position;

import java.time.Instant;
import java.util.HashSet;
import java.util.Set;

/**
 * What the primary showed to a new reader at one moment, and how far its log was then. Immutable.
 *
 * <p>The order of reading matters: the snapshot first, the LSNs after it. So everything that the
 * snapshot sees has its commit record below {@code insertLsn}, and everything that was decoded
 * before the query was asked has it below {@code flushLsn}.
 *
 * @param xmin all transactions below are over
 * @param xmax all transactions at or above had not begun
 * @param running transactions in between that were not over
 * @param flushLsn end of the flushed log, in bytes
 * @param insertLsn end of the written log, in bytes
 * @param takenAt on the database's clock
 */
public record GateSnapshot(
    long xmin, long xmax, Set<Long> running, long flushLsn, long insertLsn, Instant takenAt) {

  public GateSnapshot {
    running = Set.copyOf(running);
  }

  /** Reads {@code pg_snapshot}'s text form, {@code xmin:xmax:xip,xip,...}. */
  public static GateSnapshot parse(
      String snapshot, long flushLsn, long insertLsn, Instant takenAt) {
    String[] parts = snapshot.split(":", -1);
    if (parts.length != 3) {
      throw new IllegalArgumentException(
          "\"" + snapshot + "\" is no pg_snapshot; expected xmin:xmax:xip,...");
    }
    Set<Long> running = new HashSet<>();
    for (String xid : parts[2].split(",", -1)) {
      if (!xid.isEmpty()) {
        running.add(Long.parseLong(xid));
      }
    }
    return new GateSnapshot(
        Long.parseLong(parts[0]), Long.parseLong(parts[1]), running, flushLsn, insertLsn, takenAt);
  }

  /** Whether a transaction that has committed can be read by everyone. */
  public boolean sees(long transaction) {
    return transaction < xmin || (transaction < xmax && !running.contains(transaction));
  }

  /**
   * The 64 bit id of a transaction of which the stream carries the lower 32 bits: the one nearest
   * to xmax, above or below. Transaction ids in use never span more than 2^31. 0 stays 0, which
   * every snapshot sees: it stands for a record without a transaction, and PostgreSQL gives no
   * transaction an id whose lower 32 bits are 0.
   */
  public long widen(long lower32) {
    if (lower32 == 0) {
      return 0;
    }
    long distance = (int) (lower32 - xmax);
    return xmax + distance;
  }
}
