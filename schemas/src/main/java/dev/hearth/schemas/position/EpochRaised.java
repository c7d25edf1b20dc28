package dev.hearth.schemas.position;

import java.time.Instant;

/**
 * Everything cached from the source under an earlier epoch is void.
 *
 * @param source name of the source: its slot
 * @param position the new epoch, and the flush LSN when it was raised
 * @param identity what the epoch is bound to
 * @param settled false while transactions older than the slot may still become visible; a settled
 *     epoch follows
 * @param reason one sentence for people
 */
public record EpochRaised(
    String source,
    Position position,
    SourceIdentity identity,
    boolean settled,
    String reason,
    Instant raisedAt)
    implements StreamMark {}
