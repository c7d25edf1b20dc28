package dev.hearth.warmer.load;

import java.util.Optional;
import java.util.UUID;
import java.util.regex.Pattern;

/**
 * Whether a text from a key is a value of a column's type, and is how the type writes that value:
 * {@code 007} is the integer 7, but the entry of 7 is called {@code product:7}, and nothing would
 * ever invalidate {@code product:007}. Pure.
 */
enum KeyType {
  INT2,
  INT4,
  INT8,
  TEXT,
  UUID_TYPE,
  /** A type about which PostgreSQL alone knows. */
  OTHER;

  private static final Pattern INTEGER = Pattern.compile("0|-?[1-9][0-9]{0,18}");

  static KeyType of(String postgresName) {
    return switch (postgresName) {
      case "int2" -> INT2;
      case "int4" -> INT4;
      case "int8" -> INT8;
      case "text", "varchar" -> TEXT;
      case "uuid" -> UUID_TYPE;
      default -> OTHER;
    };
  }

  /** What to bind; empty where no row can have this value in its key. */
  Optional<Object> read(String text) {
    return switch (this) {
      case INT2 -> integer(text, Short.MIN_VALUE, Short.MAX_VALUE);
      case INT4 -> integer(text, Integer.MIN_VALUE, Integer.MAX_VALUE);
      case INT8 -> integer(text, Long.MIN_VALUE, Long.MAX_VALUE);
      case UUID_TYPE -> uuid(text);
      // PostgreSQL's text holds no character 0.
      case TEXT, OTHER -> text.indexOf(0) < 0 ? Optional.of(text) : Optional.empty();
    };
  }

  /**
   * Whether a missing row means that there is none, or perhaps that the value is written otherwise.
   */
  boolean tellsAbsence() {
    return this != OTHER;
  }

  private static Optional<Object> integer(String text, long least, long most) {
    if (!INTEGER.matcher(text).matches()) {
      return Optional.empty();
    }
    try {
      long value = Long.parseLong(text);
      return value < least || value > most ? Optional.empty() : Optional.of(text);
    } catch (NumberFormatException e) {
      return Optional.empty();
    }
  }

  private static Optional<Object> uuid(String text) {
    try {
      return UUID.fromString(text).toString().equals(text) ? Optional.of(text) : Optional.empty();
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }
}
