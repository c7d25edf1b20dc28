package dev.hearth.invalidator.rows;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/** Under which values a row is found; pure. */
final class RowIndex {
  /** Of an entry that nothing ended. */
  static final long LASTING = Long.MAX_VALUE;

  private RowIndex() {}

  /** A column and a value of it. */
  record Entry(String column, String value) {}

  /** Where rows stand whose value in a column is not known. */
  static Entry unknown(String column) {
    return new Entry(column + "?", "");
  }

  /**
   * The entries of all remembered images, each with the offset up to which it holds. NULL joins
   * nothing.
   */
  static Map<Entry, Long> entries(StoredRow row, Set<String> indexed) {
    Map<Entry, Long> entries = new LinkedHashMap<>();
    long until = LASTING;
    for (StoredRow.Version version : row.versions()) {
      long ended = until;
      version
          .image()
          .ifPresent(
              image ->
                  indexed.forEach(
                      column -> {
                        if (!image.knows(column)) {
                          entries.putIfAbsent(unknown(column), ended);
                        }
                        image
                            .value(column)
                            .ifPresent(
                                value -> entries.putIfAbsent(new Entry(column, value), ended));
                      }));
      until = version.offset();
    }
    return entries;
  }
}
