package dev.hearth.ingest.decode;

import java.math.BigDecimal;
import org.apache.kafka.connect.data.Field;
import org.apache.kafka.connect.data.Struct;
import org.jspecify.annotations.Nullable;

/**
 * The text of a column's value: see {@link dev.hearth.schemas.change.RowImage}. The engine is set
 * to deliver numerics, dates, times and bytes as text already.
 */
final class ColumnText {
  private ColumnText() {}

  /** Null for SQL NULL. */
  static @Nullable String of(Struct row, Field field) {
    Object value = row.get(field);
    if (value == null) {
      return null;
    }
    if (value instanceof Double || value instanceof Float) {
      double number = ((Number) value).doubleValue();
      return Double.isFinite(number)
          ? new BigDecimal(value.toString()).stripTrailingZeros().toPlainString()
          : value.toString();
    }
    if (value instanceof String || value instanceof Number || value instanceof Boolean) {
      return value.toString();
    }
    throw new IllegalArgumentException(
        "column "
            + field.name()
            + " has the type "
            + field.schema().type().getName()
            + ", which keys and filters cannot be made of");
  }
}
