package dev.hearth.invalidator.lineage;

import java.time.Instant;
import java.util.Map;
import java.util.Optional;

/**
 * How far the recorder is. Immutable.
 *
 * @param completeTo by partition: everything that was visible on the database by then is recorded
 * @param recordsBehind of the invalidations that are there and not yet read
 * @param reportsBehind likewise
 */
record Progress(Map<Integer, Instant> completeTo, long recordsBehind, long reportsBehind) {
  static final Progress UNKNOWN = new Progress(Map.of(), 0, 0);

  Progress {
    completeTo = Map.copyOf(completeTo);
  }

  Optional<Instant> completeTo(int partition) {
    return Optional.ofNullable(completeTo.get(partition));
  }
}
