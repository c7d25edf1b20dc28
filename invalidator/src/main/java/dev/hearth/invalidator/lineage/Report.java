package dev.hearth.invalidator.lineage;

import dev.hearth.schemas.invalidation.Applied;
import java.time.Instant;

/**
 * What a delivery said of one round.
 *
 * @param firstOffset -1 where it was not told
 */
record Report(String store, int partition, long firstOffset, long lastOffset, Instant appliedAt) {

  static Report of(Applied applied) {
    return new Report(
        applied.store(),
        applied.partition(),
        applied.firstOffset(),
        applied.offset(),
        applied.appliedAt());
  }

  /** Whether a record was applied in just this round. */
  boolean covers(long offset) {
    return firstOffset >= 0 && firstOffset <= offset && offset <= lastOffset;
  }
}
