package dev.hearth.invalidator.lineage;

import java.time.Instant;
import java.util.Optional;

/**
 * Where recording begins in a partition.
 *
 * @param since nothing that came later is left out
 */
record Beginning(long offset, Instant since) {
  /**
   * Decides; pure.
   *
   * @param wanted how far back it should go
   * @param begin first offset that the log holds
   * @param end offset behind the last record of the log
   * @param firstWanted the first record that is not older than wanted, and its time
   */
  static Beginning decide(Instant wanted, long begin, long end, Optional<Beginning> firstWanted) {
    if (firstWanted.isEmpty()) {
      // Nothing came since.
      return new Beginning(end, wanted);
    }
    Beginning first = firstWanted.get();
    // Where the log was cut just there, there were others that are not known any more.
    boolean cut = begin > 0 && first.offset() <= begin;
    return new Beginning(first.offset(), cut ? first.since() : wanted);
  }
}
