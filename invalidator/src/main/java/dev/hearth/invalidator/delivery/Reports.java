package dev.hearth.invalidator.delivery;

import dev.hearth.schemas.invalidation.Applied;
import dev.hearth.schemas.position.Position;
import dev.hearth.schemas.position.Watermark;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Which rounds a delivery tells of: each that takes something out, and of the others one a second
 * for each partition, so that silence means that it stands still. No I/O; for the delivery's
 * thread.
 */
final class Reports {
  static final Duration INTERVAL = Duration.ofSeconds(1);

  private final String store;
  private final Map<Integer, Told> lastTold = new HashMap<>();

  private record Told(Position position, Instant at) {}

  Reports(String store) {
    this.store = store;
  }

  /**
   * The report of a round that was applied; empty where there is nothing to tell.
   *
   * @param round a round without a watermark vouches for no more than the one before it
   */
  Optional<Applied> of(RoundBuilder round, Instant appliedAt, Duration took) {
    Told last = lastTold.getOrDefault(round.partition(), new Told(Position.NONE, Instant.EPOCH));
    Position position = round.watermark().map(Watermark::position).orElse(last.position());
    // A clock that was set back must not silence it.
    boolean due = Duration.between(last.at(), appliedAt).abs().compareTo(INTERVAL) >= 0;
    boolean tell = round.takesOut() || due;
    lastTold.put(round.partition(), new Told(position, tell ? appliedAt : last.at()));
    return tell
        ? Optional.of(
            new Applied(
                store,
                round.partition(),
                position,
                round.firstOffset(),
                round.lastOffset(),
                round.keys().size(),
                appliedAt,
                took))
        : Optional.empty();
  }
}
