package dev.hearth.schemas.change;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The known columns of a row, each as text. A column that is absent is not known; a null value is
 * SQL NULL. Immutable.
 *
 * <p>Text is: integers, numerics and floating point numbers in plain decimals (numerics with the
 * zeros that they have), {@code NaN}, {@code Infinity}, {@code -Infinity}; booleans as {@code true}
 * or {@code false}; uuids in lower case; bytes in hexadecimal digits; dates, times and timestamps
 * in ISO 8601 with seconds and as much of a fraction as there is, {@code 2026-02-28}, {@code
 * 01:02:03.5}, {@code 2026-02-28T01:02:03}, with a time zone in UTC, {@code 2026-02-28T01:02:03Z},
 * or {@code infinity}, {@code -infinity}; everything else as PostgreSQL prints it.
 */
public record RowImage(Map<String, @Nullable String> columns) {
  public static final RowImage UNKNOWN = new RowImage(Map.of());

  public RowImage {
    columns = Collections.unmodifiableMap(new LinkedHashMap<>(columns));
  }

  public boolean knows(String column) {
    return columns.containsKey(column);
  }

  /** The value; empty where it is SQL NULL or not known. */
  public Optional<String> value(String column) {
    return Optional.ofNullable(columns.get(column));
  }
}
