package dev.hearth.ingest.decode;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The key of a row's records on the changes topic: the table, a colon, and the values of the
 * columns that identify the row, separated by commas. A backslash stands before each comma, colon
 * and backslash that belongs to a name or a value, so that no two rows share a key.
 */
public final class RecordKey {
  private RecordKey() {}

  /** Key of the records that concern a table, or a row of it that is not known. */
  public static String of(String table) {
    return escaped(table);
  }

  /**
   * Key of a row; empty where a column that identifies it is not known, and where there are none.
   *
   * @param columns that identify a row, in order
   */
  public static Optional<String> of(
      String table, List<String> columns, Map<String, @Nullable String> row) {
    // NULL identifies nothing, and stands where the log has no value.
    if (columns.isEmpty() || columns.stream().anyMatch(column -> row.get(column) == null)) {
      return Optional.empty();
    }
    return Optional.of(
        of(table)
            + ":"
            + columns.stream()
                .map(column -> escaped(String.valueOf(row.get(column))))
                .collect(Collectors.joining(",")));
  }

  private static String escaped(String text) {
    return text.replace("\\", "\\\\").replace(",", "\\,").replace(":", "\\:");
  }
}
