package dev.hearth.store.explore;

import java.util.List;

/**
 * A state that breaks the promise, and how it came to it.
 *
 * @param promise that is broken
 * @param moves that lead to the state, in order
 */
record Violation(Promise promise, List<String> moves) {

  /** What holds of whatever a reader gets. */
  enum Promise {
    /** It misses no transaction whose invalidation the store's present history has applied. */
    NOTHING_STALE_SURVIVES,
    /** It misses no transaction with a commit record at or below the A that came with it. */
    A_VOUCHES,
    /** It misses no transaction with a commit record at or below its stamp. */
    STAMP_VOUCHES
  }
}
