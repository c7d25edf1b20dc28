package dev.hearth.schemas.invalidation;

import dev.hearth.schemas.position.Position;
import java.time.Duration;
import java.time.Instant;

/**
 * What one delivery applied to one store in one round.
 *
 * @param partition of the invalidations
 * @param position everything up to here is applied
 * @param firstOffset of the first record of the round; -1 where it is not told
 * @param offset of the last applied record
 * @param keys taken out in this round
 */
public record Applied(
    String store,
    int partition,
    Position position,
    long firstOffset,
    long offset,
    int keys,
    Instant appliedAt,
    Duration took) {}
