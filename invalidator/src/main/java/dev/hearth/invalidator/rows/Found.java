package dev.hearth.invalidator.rows;

import dev.hearth.schemas.change.RowImage;
import java.util.List;

/** What is found of the rows with a value in a column. */
public sealed interface Found {
  /** All of them. */
  record Matches(List<RowImage> rows) implements Found {
    /** Keeps a copy. */
    public Matches {
      rows = List.copyOf(rows);
    }
  }

  /** More than were asked for. */
  record TooMany() implements Found {}

  /** Nobody can say. */
  record NotKnown(String reason) implements Found {}
}
