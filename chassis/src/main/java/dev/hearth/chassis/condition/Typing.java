package dev.hearth.chassis.condition;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The kind of each column, as far as a condition tells it: rows hold texts, and what a text is
 * compared as must not depend on what it looks like. Immutable once made.
 *
 * <p>The old and the new value of a column are of one kind, and so is what stands on both sides of
 * a comparison; where a column is compared with a number, it is a number, and so on. A column that
 * is only compared with columns has no kind: then it can be the same or not, but has no order.
 */
final class Typing {
  private final Map<String, ColumnKind> kinds = new HashMap<>();

  /**
   * A demand that a term is of the kind of another term, or of a given one.
   *
   * @param operator that makes it; empty where it is no comparison
   * @param place for a sentence, such as {@code at character 5}
   */
  record Demand(Term term, Term other, Optional<Operator> operator, String place) {}

  /** Works out the kinds; adds a sentence for each contradiction. */
  static Typing of(List<Demand> demands, List<String> problems) {
    Typing typing = new Typing();
    boolean learned = true;
    while (learned) {
      learned = false;
      for (Demand demand : demands) {
        learned |= typing.learn(demand.term(), demand.other());
        learned |= typing.learn(demand.other(), demand.term());
      }
    }
    List<String> found = new ArrayList<>();
    demands.forEach(demand -> typing.contradiction(demand).ifPresent(found::add));
    found.stream().distinct().forEach(problems::add);
    return typing;
  }

  /** The kind of a column; empty where the condition does not tell it. */
  Optional<ColumnKind> of(String column) {
    return Optional.ofNullable(kinds.get(column));
  }

  /** The kind of a term; empty for null and for a column of no kind. */
  Optional<ColumnKind> of(Term term) {
    if (term instanceof Term.Column column) {
      return column.cast().or(() -> of(column.name()));
    }
    return term instanceof Term.Literal literal ? literal.kind() : Optional.of(ColumnKind.NUMBER);
  }

  private boolean learn(Term term, Term from) {
    if (term instanceof Term.Column column && of(term).isEmpty() && of(from).isPresent()) {
      kinds.put(column.name(), of(from).get());
      return true;
    }
    return false;
  }

  private Optional<String> contradiction(Demand demand) {
    Term left = demand.term();
    Term right = demand.other();
    Optional<ColumnKind> one = of(left);
    Optional<ColumnKind> other = of(right);
    if (one.isPresent() && other.isPresent() && one.get() != other.get()) {
      return Optional.of(
          "%s is %s and %s is %s%s; compare like with like"
              .formatted(
                  left.words(), one.get().words(), right.words(), other.get().words(), at(demand)));
    }
    if (demand.operator().filter(Operator::isOrder).isEmpty()) {
      return Optional.empty();
    }
    String sign = demand.operator().get().sign();
    if (left.words().equals("null") || right.words().equals("null")) {
      return Optional.of(
          "nothing is above or below null%s; write == null or != null".formatted(at(demand)));
    }
    Optional<ColumnKind> kind = one.or(() -> other);
    if (kind.isEmpty()) {
      return Optional.of(
          "%1$s %2$s %3$s does not say what is compared%4$s; write number(%1$s) %2$s %3$s, or"
                  .formatted(left.words(), sign, right.words(), at(demand))
              + " date(…), or timestamp(…)");
    }
    return switch (kind.get()) {
      case NUMBER, DATE, TIMESTAMP -> Optional.empty();
      case TEXT, BOOLEAN, OTHER ->
          Optional.of(
              "%s has no order that is the database's own%s; use ==, != and in, or number(…), date(…)"
                      .formatted(left.words() + " " + sign + " " + right.words(), at(demand))
                  + " or timestamp(…) where the text is one");
    };
  }

  private static String at(Demand demand) {
    return " " + demand.place();
  }
}
