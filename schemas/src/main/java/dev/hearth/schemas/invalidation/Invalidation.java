package dev.hearth.schemas.invalidation;

import dev.hearth.schemas.position.Position;
import java.time.Instant;

/**
 * One cached key that must no longer be believed.
 *
 * @param position at or above the end of the commit record of the change behind it
 */
public record Invalidation(
    String cache,
    String key,
    Position position,
    Instant committedAt,
    Instant capturedAt,
    Instant derivedAt,
    Cause cause)
    implements InvalidationRecord {}
