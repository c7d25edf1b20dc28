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
 * <p>Text is: integers and numerics in decimal, booleans as {@code true} or {@code false}, uuids in
 * lower case, dates and times in ISO 8601, text as it is, everything else as PostgreSQL prints it.
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
