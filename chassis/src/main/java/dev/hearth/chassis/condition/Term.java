package dev.hearth.chassis.condition;

import java.math.BigDecimal;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What has a value. Immutable. */
sealed interface Term {

  /**
   * The value.
   *
   * @throws ConditionFailedException if a row has a value of another kind
   */
  Value evaluate(Rows rows, Typing typing);

  /** For a sentence. */
  String words();

  /**
   * A column of the old or of the new row.
   *
   * @param cast what it is read as, whatever its own type; empty: as its own type
   */
  record Column(boolean old, String name, Optional<ColumnKind> cast) implements Term {
    @Override
    public Value evaluate(Rows rows, Typing typing) {
      Map<String, @Nullable String> row = old ? rows.before() : rows.after();
      if (!row.containsKey(name)) {
        return Value.Missing.UNKNOWN;
      }
      String text = row.get(name);
      if (text == null) {
        return Value.Missing.NULL;
      }
      Optional<ColumnKind> kind = cast.or(() -> typing.of(name));
      if (kind.isEmpty()) {
        return new Value.Untyped(text);
      }
      return Value.read(kind.get(), text)
          .orElseThrow(
              () ->
                  new ConditionFailedException(
                      words() + " has a value that is not " + kind.get().words()));
    }

    @Override
    public String words() {
      return (old ? "before." : "after.") + name;
    }
  }

  /**
   * A value that stands in the condition.
   *
   * @param kind empty for null
   */
  record Literal(Value value, Optional<ColumnKind> kind, String words) implements Term {
    @Override
    public Value evaluate(Rows rows, Typing typing) {
      return value;
    }
  }

  /** Sum, difference or product; unknown where a part is missing or not finite. */
  record Arithmetic(char operator, Term left, Term right) implements Term {
    @Override
    public Value evaluate(Rows rows, Typing typing) {
      Optional<BigDecimal> one = finite(left.evaluate(rows, typing));
      Optional<BigDecimal> other = finite(right.evaluate(rows, typing));
      if (one.isEmpty() || other.isEmpty()) {
        return Value.Missing.UNKNOWN;
      }
      BigDecimal result =
          switch (operator) {
            case '+' -> one.get().add(other.get());
            case '-' -> one.get().subtract(other.get());
            default -> one.get().multiply(other.get());
          };
      return result.precision() > PgNumber.LONGEST || Math.abs(result.scale()) > PgNumber.LONGEST
          ? Value.Missing.UNKNOWN
          : new Value.Known(PgNumber.of(result));
    }

    private static Optional<BigDecimal> finite(Value value) {
      return value instanceof Value.Known known
              && known.content() instanceof PgNumber number
              && number.isFinite()
          ? Optional.of(number.value())
          : Optional.empty();
    }

    @Override
    public String words() {
      return left.words() + " " + operator + " " + right.words();
    }
  }
}
