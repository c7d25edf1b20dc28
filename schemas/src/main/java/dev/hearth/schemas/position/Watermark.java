package dev.hearth.schemas.position;

import java.time.Instant;

/**
 * Everything with a commit record that ends at or before {@code position} stands before this mark
 * in its partition.
 *
 * @param position rounded down: it vouches
 * @param gateLsn flush LSN at the latest gate query, at or above the position of everything
 *     published before this mark: rounded up
 * @param gateTime newest time on the database's clock of which everything visible then has been
 *     published
 */
public record Watermark(Position position, long gateLsn, Instant gateTime) implements StreamMark {
  /** The same mark as a position that everything published before it is at or below. */
  public Position ceiling() {
    return new Position(position.epoch(), gateLsn);
  }
}
