package dev.hearth.cli.plan;

import dev.hearth.invalidator.derivation.KnownRows;
import dev.hearth.schemas.change.RowImage;
import java.util.List;
import java.util.Optional;

/** Rows of the source as they are now. What it does not answer is not known, never an error. */
public interface PresentRows {
  /** Nothing is known, for a reason. */
  static PresentRows none(String reason) {
    return new PresentRows() {
      @Override
      public Optional<RowImage> row(String table, String key) {
        return Optional.empty();
      }

      @Override
      public KnownRows.Found find(String table, String column, String value, int limit) {
        return new KnownRows.Found.NotKnown();
      }

      @Override
      public List<String> failures() {
        return List.of(reason);
      }
    };
  }

  /**
   * A row with the columns that rules read; empty where there is none now.
   *
   * @param key of its records, see {@link dev.hearth.schemas.change.ChangeEvent}
   */
  Optional<RowImage> row(String table, String key);

  /**
   * Rows with a value in a column.
   *
   * @param limit above 0
   */
  KnownRows.Found find(String table, String column, String value, int limit);

  /** Why something was not answered, one sentence each. */
  List<String> failures();
}
