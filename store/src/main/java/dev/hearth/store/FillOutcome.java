package dev.hearth.store;

/** What became of a fill. */
public enum FillOutcome {
  STORED,
  /** An invalidation, an eviction or the end of the lease came first; nothing was stored. */
  LEASE_LOST
}
