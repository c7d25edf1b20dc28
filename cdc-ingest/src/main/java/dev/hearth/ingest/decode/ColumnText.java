package dev.hearth.ingest.decode;

import java.math.BigDecimal;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.time.temporal.ChronoField;
import java.util.Map;
import org.apache.kafka.connect.data.Field;
import org.apache.kafka.connect.data.Struct;
import org.jspecify.annotations.Nullable;

/**
 * The text of a value that the log carries: see {@link dev.hearth.schemas.change.RowImage}. The
 * engine is set to deliver numerics and bytes as text, and times as numbers.
 */
final class ColumnText {
  private static final DateTimeFormatter TIME_OF_DAY =
      new DateTimeFormatterBuilder()
          .appendPattern("HH:mm:ss")
          .appendFraction(ChronoField.NANO_OF_SECOND, 0, 9, true)
          .toFormatter();

  private static final long MICROS_PER_SECOND = 1_000_000;
  private static final long MICROS_PER_DAY = 86_400 * MICROS_PER_SECOND;
  private static final int NANOS_PER_MICRO = 1_000;

  /** What the engine makes of infinite dates, in days: outside of what PostgreSQL has. */
  private static final Map<Long, String> INFINITE_DAYS =
      Map.of(-2_147_472_692L, "infinity", -2_147_472_691L, "-infinity");

  /** What the engine makes of infinite timestamps, in microseconds. */
  private static final Map<Long, String> INFINITE_MICROS =
      Map.of(9_223_372_036_825_200_000L, "infinity", -9_223_372_036_832_400_000L, "-infinity");

  /** And what it makes of all that are too far away for it. */
  private static final long TOO_LATE = Long.MAX_VALUE;

  /** What the engine calls special numerics. */
  private static final Map<String, String> SPECIAL_NUMERICS =
      Map.of("NAN", "NaN", "POSITIVE_INFINITY", "Infinity", "NEGATIVE_INFINITY", "-Infinity");

  private ColumnText() {}

  /** Null for SQL NULL. */
  static @Nullable String of(Struct row, Field field, ColumnType type) {
    // Not get: it would put the column's default in the place of NULL.
    Object value = row.getWithoutDefault(field.name());
    if (value == null) {
      return null;
    }
    String meaning = field.schema().name() == null ? "" : field.schema().name();
    if (value instanceof Number number) {
      return switch (meaning) {
        case "io.debezium.time.Date" -> day(number.longValue());
        case "io.debezium.time.MicroTime" -> timeOfDay(number.longValue());
        case "io.debezium.time.Timestamp" -> micros(Math.multiplyExact(number.longValue(), 1000L));
        case "io.debezium.time.MicroTimestamp" -> micros(number.longValue());
        default -> number(number);
      };
    }
    if (value instanceof String text) {
      return switch (meaning) {
        case "io.debezium.time.ZonedTimestamp" -> zoned(text);
        default -> type == ColumnType.NUMERIC ? SPECIAL_NUMERICS.getOrDefault(text, text) : text;
      };
    }
    if (value instanceof Boolean) {
      return value.toString();
    }
    throw new IllegalArgumentException(
        "column "
            + field.name()
            + " has the type "
            + field.schema().type().getName()
            + ", which keys and filters cannot be made of");
  }

  /** A number in plain decimals. */
  static String number(Number value) {
    if (!(value instanceof Double || value instanceof Float)) {
      return value.toString();
    }
    return Double.isFinite(value.doubleValue())
        ? new BigDecimal(value.toString()).stripTrailingZeros().toPlainString()
        : value.toString();
  }

  static boolean isInfinite(String text) {
    return text.endsWith("infinity");
  }

  /** ISO 8601 with seconds, and as much of a fraction as there is. */
  static String moment(LocalDateTime moment) {
    return moment.toLocalDate() + "T" + TIME_OF_DAY.format(moment);
  }

  private static String day(long days) {
    String infinite = INFINITE_DAYS.get(days);
    return infinite == null ? LocalDate.ofEpochDay(days).toString() : infinite;
  }

  /** PostgreSQL has a 24:00:00. */
  private static String timeOfDay(long micros) {
    return micros == MICROS_PER_DAY
        ? "24:00:00"
        : TIME_OF_DAY.format(java.time.LocalTime.ofNanoOfDay(micros * NANOS_PER_MICRO));
  }

  private static String micros(long micros) {
    String infinite = INFINITE_MICROS.get(micros);
    if (infinite != null) {
      return infinite;
    }
    if (micros == TOO_LATE) {
      throw new IllegalArgumentException("a timestamp is too far in the future to be told apart");
    }
    return moment(
        LocalDateTime.ofEpochSecond(
            Math.floorDiv(micros, MICROS_PER_SECOND),
            (int) Math.floorMod(micros, MICROS_PER_SECOND) * NANOS_PER_MICRO,
            ZoneOffset.UTC));
  }

  private static String zoned(String text) {
    return isInfinite(text)
        ? text
        : moment(OffsetDateTime.parse(text).withOffsetSameInstant(ZoneOffset.UTC).toLocalDateTime())
            + "Z";
  }
}
