package dev.hearth.chassis.condition;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.Optional;
import java.util.function.IntPredicate;

/** What a term stands for in one change. Immutable. */
sealed interface Value {

  /** No value. */
  enum Missing implements Value {
    /** SQL NULL. */
    NULL,
    /** There is no such row, or the log does not carry the value. */
    UNKNOWN
  }

  /** A value of a known kind. */
  record Known(Comparable<?> content) implements Value {}

  /** A value of which only its text is known; it is the same as another one, or it is not. */
  record Untyped(String text) implements Value {}

  /**
   * NULL is equal to NULL and to nothing else, so that a value that became NULL has changed.
   *
   * <p>Two texts of no known kind that are different may still be one number, 10 and 10.0: that is
   * not known.
   */
  static Truth equal(Value one, Value other) {
    if (one == Missing.UNKNOWN || other == Missing.UNKNOWN) {
      return Truth.UNKNOWN;
    }
    if (one == Missing.NULL || other == Missing.NULL) {
      return Truth.of(one == other);
    }
    if (one instanceof Untyped a && other instanceof Untyped b) {
      return a.text().equals(b.text())
          ? Truth.TRUE
          : number(a.text())
                  .filter(number -> number(b.text()).equals(Optional.of(number)))
                  .isEmpty()
              ? Truth.FALSE
              : Truth.UNKNOWN;
    }
    return Truth.of(one.equals(other));
  }

  /** With NULL, unknown. */
  static Truth ordered(Value one, Value other, IntPredicate holds) {
    return one instanceof Known a && other instanceof Known b
        ? Truth.of(holds.test(compare(a.content(), b.content())))
        : Truth.UNKNOWN;
  }

  /** Of one kind: {@link Typing} has seen to it. */
  @SuppressWarnings("unchecked")
  private static int compare(Comparable<?> one, Comparable<?> other) {
    return ((Comparable<Object>) one).compareTo(other);
  }

  private static Optional<PgNumber> number(String text) {
    return text.length() > PgNumber.LONGEST ? Optional.empty() : PgNumber.read(text);
  }

  /** Reads a text as PostgreSQL's value of a kind; empty where it is none. */
  static Optional<Value> read(ColumnKind kind, String text) {
    return switch (kind) {
      case NUMBER ->
          text.length() > PgNumber.LONGEST
              ? Optional.of(Missing.UNKNOWN)
              : PgNumber.read(text).map(Known::new);
      case TEXT, OTHER -> Optional.of(new Known(text));
      case BOOLEAN ->
          switch (text) {
            case "true" -> Optional.of(new Known(true));
            case "false" -> Optional.of(new Known(false));
            default -> Optional.empty();
          };
      case DATE -> infinite(text, LocalDate.MIN, LocalDate.MAX).or(() -> date(text));
      case TIMESTAMP -> infinite(text, Instant.MIN, Instant.MAX).or(() -> timestamp(text));
    };
  }

  private static Optional<Value> infinite(String text, Comparable<?> least, Comparable<?> most) {
    return switch (text) {
      case "-infinity" -> Optional.of(new Known(least));
      case "infinity" -> Optional.of(new Known(most));
      default -> Optional.empty();
    };
  }

  private static Optional<Value> date(String text) {
    try {
      return Optional.of(new Known(LocalDate.parse(text)));
    } catch (DateTimeException e) {
      return Optional.empty();
    }
  }

  /** Without an offset: in UTC. */
  private static Optional<Value> timestamp(String text) {
    String iso = text.replace(' ', 'T');
    try {
      return Optional.of(new Known(OffsetDateTime.parse(iso).toInstant()));
    } catch (DateTimeException e) {
      try {
        return Optional.of(new Known(LocalDateTime.parse(iso).toInstant(ZoneOffset.UTC)));
      } catch (DateTimeException none) {
        return Optional.empty();
      }
    }
  }
}
