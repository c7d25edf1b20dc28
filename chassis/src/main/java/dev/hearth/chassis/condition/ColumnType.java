package dev.hearth.chassis.condition;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.UUID;

/**
 * The type of a column in the live schema. Immutable.
 *
 * @param kind what its values are compared as
 * @param name as PostgreSQL calls it, such as {@code character varying(20)}; a domain by what it
 *     stands for
 * @param labels of an enum, in order; empty for every other type
 */
public record ColumnType(ColumnKind kind, String name, List<String> labels) {
  public ColumnType {
    labels = List.copyOf(labels);
  }

  /** A type that is no enum. */
  public ColumnType(ColumnKind kind, String name) {
    this(kind, name, List.of());
  }

  /**
   * Why a text can be compared with no value of this type as PostgreSQL would; empty where it can.
   */
  Optional<String> refusal(String literal) {
    if (name.equals("uuid")) {
      return isUuid(literal)
          ? Optional.empty()
          : Optional.of(
              "a uuid is compared in lower case with hyphens, such as"
                  + " \"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11\"");
    }
    if (name.equals("citext")) {
      return Optional.of(
          "citext is equal to what differs in case, which is not known here; compare another column");
    }
    if (!labels.isEmpty() && !labels.contains(literal)) {
      return Optional.of(name + " has no label \"" + literal + "\", but " + quoted(labels));
    }
    if (name.startsWith("character(") || name.equals("character")) {
      int length = name.equals("character") ? 1 : Integer.parseInt(name.replaceAll("\\D", ""));
      return literal.codePointCount(0, literal.length()) == length
          ? Optional.empty()
          : Optional.of(
              "its values are padded with spaces to "
                  + length
                  + " characters; write all of them, such as \""
                  + pad(literal, length)
                  + "\"");
    }
    return Optional.empty();
  }

  private static String pad(String literal, int length) {
    int missing = length - literal.codePointCount(0, literal.length());
    return missing > 0
        ? literal + " ".repeat(missing)
        : literal.substring(0, literal.offsetByCodePoints(0, length));
  }

  private static boolean isUuid(String literal) {
    try {
      return literal.equals(literal.toLowerCase(Locale.ROOT))
          && UUID.fromString(literal).toString().equals(literal);
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  private static String quoted(List<String> labels) {
    return String.join(", ", labels.stream().map(label -> '"' + label + '"').toList());
  }
}
