package dev.hearth.store.standby;

import java.util.Locale;

/** Why a load did not read on a standby. */
public enum Refusal {
  /** There is no lease, so there is no position to prove. */
  NO_LEASE,
  /** Which history the lease's epoch is bound to is not known, or not yet. */
  UNKNOWN_EPOCH,
  /** It refused a moment ago. */
  RESTING,
  /** It could not be asked. */
  UNREACHABLE,
  /** It is no standby, or no longer one. */
  NOT_IN_RECOVERY,
  /** Another cluster or another timeline than the epoch's: its LSNs say nothing. */
  FOREIGN_HISTORY,
  /**
   * No timeline: it receives no log at the moment, or its role may not see it, which {@code GRANT
   * pg_read_all_stats} mends.
   */
  NO_RECEIVER,
  /** It had not replayed the position, nor within the patience. */
  BEHIND,
  /** It was asked for the value, and failed. */
  QUERY_FAILED;

  /** The value of the metric's label. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
