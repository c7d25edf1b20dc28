package dev.hearth.warmer.load;

import java.math.BigDecimal;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.time.temporal.ChronoField;
import java.util.Optional;

/**
 * A selected value as the text that keys are made of: see {@link
 * dev.hearth.schemas.change.RowImage}. The driver's own text of some types is another one.
 */
final class KeyText {
  private static final DateTimeFormatter MOMENT =
      new DateTimeFormatterBuilder()
          .append(DateTimeFormatter.ISO_LOCAL_DATE)
          .appendPattern("'T'HH:mm:ss")
          .appendFraction(ChronoField.NANO_OF_SECOND, 0, 9, true)
          .toFormatter();

  private KeyText() {}

  /**
   * The text; empty for SQL NULL.
   *
   * @param type of the column, as PostgreSQL calls it in the catalog
   */
  static Optional<String> of(ResultSet row, int index, String type) throws SQLException {
    String text = row.getString(index);
    if (text == null) {
      return Optional.empty();
    }
    if (text.endsWith("infinity")) {
      return Optional.of(text);
    }
    return Optional.of(
        switch (type) {
          case "bool" -> Boolean.toString(row.getBoolean(index));
          case "float4", "float8" -> number(text);
          case "timestamp" -> MOMENT.format(row.getObject(index, LocalDateTime.class));
          case "timestamptz" ->
              MOMENT.format(
                      row.getObject(index, OffsetDateTime.class)
                          .withOffsetSameInstant(ZoneOffset.UTC))
                  + "Z";
          default -> text;
        });
  }

  private static String number(String text) {
    return Character.isDigit(text.charAt(text.length() - 1))
        ? new BigDecimal(text).stripTrailingZeros().toPlainString()
        : text;
  }
}
