package dev.hearth.store;

import dev.hearth.schemas.position.Position;
import java.util.List;

/**
 * The right to fill one key, once, until an invalidation takes it.
 *
 * @param applied A, read before the filler gets the lease, so before it reads the database: the
 *     stamp of what is filled; of the key's partition and its tags' the lowest
 * @param raised B, read after the lease was granted: what a standby must have replayed before the
 *     fill may read there; of the key's partition and its tags' the highest
 * @param era that the filled entry will belong to
 * @param tags tokens that the entry is filled under, in the order in which its readers name them
 */
public record Lease(
    LeaseToken token, Position applied, Position raised, Era era, List<TagToken> tags) {
  /** Names too many tags. */
  public Lease {
    tags = List.copyOf(tags);
    if (tags.size() > FencedProtocol.MOST_TAGS) {
      throw new IllegalArgumentException(
          tags.size() + " tags; expected " + FencedProtocol.MOST_TAGS + " at most");
    }
  }

  /** A lease without tags. */
  public Lease(LeaseToken token, Position applied, Position raised, Era era) {
    this(token, applied, raised, era, List.of());
  }
}
