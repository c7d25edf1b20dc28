package dev.hearth.schemas.position;

/**
 * One history of one database: only inside it can LSNs be compared, and times on its clock.
 *
 * @param systemIdentifier PostgreSQL's system identifier, in digits
 * @param timeline at least 1; a failover or a restore begins another
 */
public record History(String systemIdentifier, int timeline) {
  /** Whether another one is this one or comes after it, in the same cluster. */
  public boolean reaches(History later) {
    return systemIdentifier.equals(later.systemIdentifier) && later.timeline >= timeline;
  }
}
