package dev.hearth.client;

import dev.hearth.schemas.position.Position;
import java.util.Optional;

/**
 * Where a load may read.
 *
 * @param floor what a physical standby must have replayed before the load may read there; empty
 *     where only the primary will do, as for a value that goes past the cache
 */
public record LoadContext(Optional<Position> floor) {
  private static final LoadContext PRIMARY_ONLY = new LoadContext(Optional.empty());

  /** A load for which only the primary will do. */
  public static LoadContext primaryOnly() {
    return PRIMARY_ONLY;
  }

  /** A load that sees everything at or before this position. */
  public static LoadContext from(Position floor) {
    return new LoadContext(Optional.of(floor));
  }
}
