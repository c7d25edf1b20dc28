package dev.hearth.invalidator.lineage;

import dev.hearth.schemas.position.Position;

/** What a store answered when it was asked for a key. */
sealed interface Found {
  /**
   * An entry that a reader would believe.
   *
   * @param bytes of the value; -1 where the entry says that there is no row
   */
  record Entry(Position stamp, int bytes) implements Found {}

  /** A value that carries no stamp. */
  record Value(int bytes) implements Found {}

  /** Nothing that a reader would believe. */
  record Nothing() implements Found {}

  /** No answer. */
  record NotKnown(String reason) implements Found {}
}
