package dev.hearth.store;

import dev.hearth.schemas.position.Position;

/**
 * The right to fill one key, once, until an invalidation takes it.
 *
 * @param applied A, read before the filler gets the lease, so before it reads the database: the
 *     stamp of what is filled
 * @param raised B, read after the lease was granted: what a standby must have replayed before the
 *     fill may read there
 * @param era that the filled entry will belong to
 */
public record Lease(LeaseToken token, Position applied, Position raised, Era era) {}
