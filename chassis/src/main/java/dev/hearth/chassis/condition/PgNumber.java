package dev.hearth.chassis.condition;

import java.math.BigDecimal;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * A number in PostgreSQL's order: 10.0 is 10, above every other number is NaN, which is equal to
 * itself. Immutable.
 *
 * @param rank -1 for -Infinity, 0 for what is finite, 1 for Infinity, 2 for NaN
 * @param value 0 where it is not finite
 */
record PgNumber(int rank, BigDecimal value) implements Comparable<PgNumber> {
  /** More is not calculated with: a row must not cost a second. */
  static final int LONGEST = 1000;

  /** Without exponents, by which few characters could be a number of any length. */
  private static final Pattern PLAIN = Pattern.compile("[+-]?(\\d+(\\.\\d*)?|\\.\\d+)");

  static PgNumber of(BigDecimal value) {
    return new PgNumber(0, value);
  }

  boolean isFinite() {
    return rank == 0;
  }

  /** Empty where it is none; the text has at most {@link #LONGEST} characters. */
  static Optional<PgNumber> read(String text) {
    if (PLAIN.matcher(text).matches()) {
      return Optional.of(of(new BigDecimal(text)));
    }
    return switch (text) {
      case "NaN" -> Optional.of(new PgNumber(2, BigDecimal.ZERO));
      case "Infinity" -> Optional.of(new PgNumber(1, BigDecimal.ZERO));
      case "-Infinity" -> Optional.of(new PgNumber(-1, BigDecimal.ZERO));
      default -> Optional.empty();
    };
  }

  @Override
  public int compareTo(PgNumber other) {
    return rank != other.rank ? Integer.compare(rank, other.rank) : value.compareTo(other.value);
  }

  /** As the order has it, whatever the number of zeros behind the point. */
  @Override
  public boolean equals(Object other) {
    return other instanceof PgNumber number && compareTo(number) == 0;
  }

  @Override
  public int hashCode() {
    return 31 * rank + value.stripTrailingZeros().hashCode();
  }
}
