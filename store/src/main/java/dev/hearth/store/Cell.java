package dev.hearth.store;

import dev.hearth.schemas.position.Position;

/** What stands under a key: the lease of somebody who fills it, an entry, or something foreign. */
public sealed interface Cell {

  /** Somebody fills this key. */
  record Marker(LeaseToken token) implements Cell {}

  /**
   * A filled entry.
   *
   * @param stamp A when its lease was granted: the entry is at least as new
   */
  record Entry(Era era, Position stamp, Value value) implements Cell {}

  /** Bytes that no client of ours wrote; never believed, overwritten by the next lease. */
  record Foreign() implements Cell {}
}
