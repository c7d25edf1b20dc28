package dev.hearth.schemas.position;

/**
 * What makes LSNs comparable: the same cluster, on the same timeline, read through the same slot.
 *
 * @param systemIdentifier PostgreSQL's system identifier
 * @param timeline at least 1
 * @param slot name of the replication slot
 * @param slotBirthLsn consistent point of the slot in bytes; 0 where others made it and it is not
 *     known
 */
public record SourceIdentity(
    String systemIdentifier, int timeline, String slot, long slotBirthLsn) {}
