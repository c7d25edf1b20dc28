package dev.hearth.store;

import dev.hearth.schemas.position.Position;
import java.util.List;

/** What stands under a key: the lease of somebody who fills it, an entry, or something foreign. */
public sealed interface Cell {

  /** Somebody fills this key. */
  record Marker(LeaseToken token) implements Cell {}

  /**
   * A filled entry.
   *
   * @param stamp A when its lease was granted: the entry is at least as new
   * @param tags tokens that it was filled under; it counts only for who finds just these
   */
  record Entry(Era era, Position stamp, List<TagToken> tags, Value value) implements Cell {
    public Entry {
      tags = List.copyOf(tags);
    }

    /** An entry without tags. */
    public Entry(Era era, Position stamp, Value value) {
      this(era, stamp, List.of(), value);
    }
  }

  /** Bytes that no client of ours wrote; never believed, overwritten by the next lease. */
  record Foreign() implements Cell {}
}
