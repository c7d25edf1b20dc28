package dev.hearth.schemas.position;

import java.time.Instant;

/**
 * What makes LSNs comparable, and a log complete: the same cluster, on the same timeline, read
 * through the same slot and publication, and not crashed since.
 *
 * @param systemIdentifier PostgreSQL's system identifier
 * @param timeline at least 1
 * @param slot name of the replication slot
 * @param slotBirthLsn consistent point of the slot in bytes; 0 where others made it and it is not
 *     known
 * @param publication what the publication is made of; opaque, equal where nothing changed
 * @param statisticsSince since when the server has its statistics, by its clock: it throws them
 *     away after a crash
 */
public record SourceIdentity(
    String systemIdentifier,
    int timeline,
    String slot,
    long slotBirthLsn,
    String publication,
    Instant statisticsSince) {
  /** The history that an epoch of this source is bound to. */
  public History history() {
    return new History(systemIdentifier, timeline);
  }
}
