package dev.hearth.client.feed;

import dev.hearth.schemas.position.SourceIdentity;

/**
 * One history of one database: only inside it can LSNs be compared, and times on its clock.
 *
 * @param systemIdentifier PostgreSQL's system identifier, in digits
 * @param number of the timeline, at least 1; a failover or a restore begins another
 */
public record Timeline(String systemIdentifier, int number) {
  /** The history that an epoch is bound to. */
  static Timeline of(SourceIdentity identity) {
    return new Timeline(identity.systemIdentifier(), identity.timeline());
  }
}
