package dev.hearth.store.explore;

/** What holds the promise; switched off one at a time, here and nowhere else. */
enum Protection {
  /** A change is published when it can be read on the primary. */
  GATE,
  /** The position of an invalidation is the end of the log at the gate, not the change's own. */
  POSITION_FROM_GATE,
  /** A fill replaces just its own marker. */
  LEASE,
  /** An entry carries the era of its lease, not of its fill. */
  ERA_OF_LEASE,
  /** A stamp is A at the lease, not B. */
  STAMP_FROM_A,
  /** A standby is read only when it has replayed the lease's position. */
  STANDBY_CHECK,
  /** That position is B, not A. */
  STANDBY_CHECK_AGAINST_B,
  /** B is raised before the keys are deleted. */
  B_BEFORE_EFFECT,
  /** A is advanced after the keys are deleted. */
  A_AFTER_EFFECT,
  /** An invalidation at or below B deletes all the same. */
  ALWAYS_DELETE,
  /** The record is replaced only where it is what this delivery wrote last. */
  COMPARE_AND_SET,
  /** A goes back when the store does. */
  A_IN_STORE,
  /** A round that the store's failover interrupts is not finished. */
  ONE_SESSION,
  /** A record that is made again has an incarnation never seen before. */
  FRESH_INCARNATION
}
