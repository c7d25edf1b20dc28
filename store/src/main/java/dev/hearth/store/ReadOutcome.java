package dev.hearth.store;

import dev.hearth.schemas.position.Position;
import java.util.List;

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
   * @param tags how far each tag's own partition is applied; the value is as fresh as the oldest
   */
  record Hit(
      Value value, Position stamp, Position applied, Era era, long offset, List<TagApplied> tags)
      implements ReadOutcome {
    public Hit {
      tags = List.copyOf(tags);
    }

    /** The value misses no transaction whose commit record ends at or before this position. */
    public Position vouching() {
      Position lowest = applied;
      for (TagApplied tag : tags) {
        lowest = lowest.atLeast(tag.applied()) ? tag.applied() : lowest;
      }
      return Position.max(lowest, stamp);
    }

    /** A hit of an entry without tags. */
    public Hit(Value value, Position stamp, Position applied, Era era, long offset) {
      this(value, stamp, applied, era, offset, List.of());
    }
  }

  /**
   * A and the offset that it stands for, of a tag's partition, read with the tag's token.
   *
   * @param tag whose partition it is
   */
  record TagApplied(CacheKey tag, Position applied, long offset) {}

  /** Nothing there: the reader may load the value and fill it. */
  record Granted(Lease lease) implements ReadOutcome {}

  /**
   * Some tags have no token, so that the entry, if there is one, is void, and no lease was taken:
   * create them, then read again.
   *
   * @param tags without a token, at least one
   */
  record TagsMissing(List<CacheKey> tags) implements ReadOutcome {
    public TagsMissing {
      tags = List.copyOf(tags);
    }
  }

  /** Somebody else fills the key: ask again in a moment, or go to the database. */
  record Busy() implements ReadOutcome {}

  /** The store knows no position yet: no hit and no lease; go to the database. */
  record Uncertain() implements ReadOutcome {}
}
