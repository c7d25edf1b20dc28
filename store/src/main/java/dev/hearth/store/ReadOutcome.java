package dev.hearth.store;

import dev.hearth.schemas.position.Position;

/** What a reader gets for a key. */
public sealed interface ReadOutcome {

  /**
   * The value.
   *
   * @param stamp the entry is at least as new
   * @param applied A, read before or with the value
   * @param era that entry and meta record share
   * @param offset in the invalidations that A stands for: where A rests while a commit is stuck, it
   *     goes on, and with it the gate time of which everything visible then is applied
   */
  record Hit(Value value, Position stamp, Position applied, Era era, long offset)
      implements ReadOutcome {}

  /** Nothing there: the reader may load the value and fill it. */
  record Granted(Lease lease) implements ReadOutcome {}

  /** Somebody else fills the key: ask again in a moment, or go to the database. */
  record Busy() implements ReadOutcome {}

  /** The store knows no position yet: no hit and no lease; go to the database. */
  record Uncertain() implements ReadOutcome {}
}
