package dev.hearth.client;

/** What a read that asks for freshness gets while the invalidations have stopped moving. */
public enum WhenStale {
  /** The database's answer, within the budget; beyond it the read is refused. */
  DATABASE,
  /** What the cache has, counted; the database is not asked for what the cache has. */
  STALE,
  /** A {@link StaleReadException}. */
  FAIL
}
