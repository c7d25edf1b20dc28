package dev.hearth.store;

import java.time.Duration;
import java.util.function.LongSupplier;

/**
 * Spreads the advance of all records of a partition over time: says how many are due, so that each
 * has its turn once in every period, some with each round instead of all with one. For one thread.
 */
public final class Turns {
  private final int records;
  private final long periodNanos;
  private final LongSupplier nanoTime;
  private long paidUntil;

  /**
   * @param period may be zero: then all are due with every call
   * @param nanoTime as {@link System#nanoTime}
   */
  public Turns(int records, Duration period, LongSupplier nanoTime) {
    this.records = records;
    this.periodNanos = period.toNanos();
    this.nanoTime = nanoTime;
    this.paidUntil = nanoTime.getAsLong();
  }

  /** How many records are due by now, and not counted before; all of them at most. */
  public int due() {
    long now = nanoTime.getAsLong();
    long owed = now - paidUntil;
    if (owed >= periodNanos) {
      paidUntil = now;
      return records;
    }
    int due = (int) ((double) owed / periodNanos * records);
    paidUntil += (long) ((double) due / records * periodNanos);
    return due;
  }
}
