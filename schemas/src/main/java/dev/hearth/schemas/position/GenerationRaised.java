package dev.hearth.schemas.position;

import java.time.Instant;

/**
 * Everything in one cache that was stored under an earlier generation is void.
 *
 * @param generation grows, with gaps
 * @param position at or above the position of what made it necessary
 * @param reason one of a few words, see the invalidator: truncate, poison, fan-out, ...
 */
public record GenerationRaised(
    String cache, long generation, Position position, String reason, Instant raisedAt)
    implements StreamMark {}
