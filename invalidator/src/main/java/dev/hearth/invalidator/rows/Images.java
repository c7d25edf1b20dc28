package dev.hearth.invalidator.rows;

import dev.hearth.schemas.change.ChangeEvent;
import dev.hearth.schemas.change.Operation;
import dev.hearth.schemas.change.RowImage;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What a change and a stored image say together; pure. */
final class Images {
  private Images() {}

  /** Whether the change leaves open what rules need of its row. */
  static boolean lacks(ChangeEvent change, TableNeeds needed) {
    return switch (change.operation()) {
      case UPDATE ->
          !needed.columns().stream()
              .allMatch(column -> change.before().knows(column) && change.after().knows(column));
      case DELETE -> !needed.ofDeleted().stream().allMatch(change.before()::knows);
      case INSERT, TRUNCATE -> false;
    };
  }

  /** Whether the log and what is stored tell of different rows. */
  static boolean contradicts(RowImage logged, RowImage image) {
    return logged.columns().keySet().stream()
        .anyMatch(
            column -> image.knows(column) && !image.value(column).equals(logged.value(column)));
  }

  /** What the change carries goes before what is stored. */
  static ChangeEvent filled(ChangeEvent change, RowImage image) {
    RowImage before = merged(image, change.before());
    RowImage after =
        change.operation() == Operation.UPDATE ? merged(before, change.after()) : change.after();
    return new ChangeEvent(
        change.table(),
        change.operation(),
        before,
        after,
        change.transaction(),
        change.changeLsn(),
        change.position(),
        change.committedAt(),
        change.capturedAt());
  }

  /** What is known of either, the upper one first. */
  static RowImage merged(RowImage below, RowImage above) {
    Map<String, @Nullable String> columns = new LinkedHashMap<>(below.columns());
    columns.putAll(above.columns());
    return new RowImage(columns);
  }

  /** Published again by the ingest: a later record of a change that is stored or was followed. */
  static boolean isAgain(StoredRow stored, ChangeEvent change, long offset) {
    return stored.newest().offset() < offset
        && stored.newest().lsn() != 0
        && Long.compareUnsigned(change.changeLsn(), stored.newest().lsn()) <= 0;
  }

  /** As far as it is stored. */
  static RowImage only(List<String> columns, RowImage image) {
    Map<String, @Nullable String> kept = new LinkedHashMap<>();
    for (String column : columns) {
      if (image.knows(column)) {
        kept.put(column, image.value(column).orElse(null));
      }
    }
    return new RowImage(kept);
  }
}
