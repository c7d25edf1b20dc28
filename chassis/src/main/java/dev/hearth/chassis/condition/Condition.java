package dev.hearth.chassis.condition;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A condition on the change of a row, such as {@code before.amount != after.amount}. Immutable;
 * asking it costs no more than its text is long, and has no side effect.
 *
 * <p>What is not known is never false: a column that the log does not carry, a row that there is
 * not (an insert has none before, a delete none after), an order with NULL. Where the whole is
 * unknown, the change matters.
 *
 * <p>A condition that reads one of the two rows only, such as {@code after.visible}, is one on a
 * row: it is asked of the old and of the new row, and a change matters if it holds of either. So
 * what a row was part of goes when the row ceases to be of that kind.
 */
public final class Condition {
  private final String text;
  private final Predicate predicate;
  private final Typing typing;
  private final List<Typing.Demand> demands;
  private final List<Term.Column> columns;
  private final boolean onRow;

  private Condition(
      String text,
      Predicate predicate,
      Typing typing,
      List<Typing.Demand> demands,
      List<Term.Column> columns) {
    this.text = text;
    this.predicate = predicate;
    this.typing = typing;
    this.demands = List.copyOf(demands);
    this.columns = List.copyOf(columns);
    this.onRow = columns.stream().map(Term.Column::old).distinct().count() == 1;
  }

  /**
   * Reads a condition.
   *
   * @throws ConditionException with everything that is wrong with it
   */
  public static Condition parse(String text) {
    List<String> problems = new ArrayList<>();
    ConditionReader reader = new ConditionReader(text, problems);
    Predicate predicate = reader.read();
    Typing typing = Typing.of(reader.demands(), problems);
    if (problems.isEmpty() && reader.columns().isEmpty()) {
      problems.add("it reads no column; expected such as before.amount != after.amount");
    }
    if (!problems.isEmpty()) {
      throw new ConditionException(
          problems.stream()
              .distinct()
              .map(problem -> "\"" + text.strip() + "\": " + problem)
              .toList());
    }
    return new Condition(text.strip(), predicate, typing, reader.demands(), reader.columns());
  }

  /** Names of the columns that it reads of either row. */
  public Set<String> columns() {
    Set<String> names = new LinkedHashSet<>();
    columns.forEach(column -> names.add(column.name()));
    return names;
  }

  /**
   * Whether a change matters. A column that is absent from a row is not known, a null value is SQL
   * NULL.
   *
   * @param before the old row; empty where there is none
   * @param after the new row; empty where there is none
   * @throws ConditionFailedException if a row has a value that is not what it is compared as
   */
  public boolean matters(
      Optional<Map<String, @Nullable String>> before,
      Optional<Map<String, @Nullable String>> after) {
    if (!onRow) {
      return holds(before.orElse(Map.of()), after.orElse(Map.of()));
    }
    boolean old = before.isPresent() && holds(before.get(), before.get());
    boolean now = after.isPresent() && holds(after.get(), after.get());
    return old || now || (before.isEmpty() && after.isEmpty());
  }

  private boolean holds(Map<String, @Nullable String> before, Map<String, @Nullable String> after) {
    return predicate.evaluate(new Rows(before, after), typing) != Truth.FALSE;
  }

  /**
   * What does not fit the types of a table's columns; columns that are missing there are passed
   * over.
   *
   * @param table for the sentences, such as {@code public.price}
   */
  public List<String> problems(String table, Function<String, Optional<ColumnType>> types) {
    Set<String> problems = new LinkedHashSet<>();
    for (Term.Column column : columns) {
      types
          .apply(column.name())
          .flatMap(type -> unfit(column, table, type))
          .ifPresent(problems::add);
    }
    for (Typing.Demand demand : demands) {
      unfit(demand.term(), demand.other(), demand, table, types).ifPresent(problems::add);
      unfit(demand.other(), demand.term(), demand, table, types).ifPresent(problems::add);
    }
    return problems.stream().map(problem -> "\"" + text + "\": " + problem).toList();
  }

  private Optional<String> unfit(Term.Column column, String table, ColumnType type) {
    Optional<ColumnKind> wanted = typing.of(column);
    if (wanted.isEmpty()
        || wanted.get() == type.kind()
        || (column.cast().isPresent() && type.kind() == ColumnKind.TEXT)) {
      return Optional.empty();
    }
    return Optional.of(
        "%s is compared as %s, and %s.%s is %s; %s"
            .formatted(
                column.words(),
                wanted.get().words(),
                table,
                column.name(),
                type.name(),
                cure(column, type.kind())));
  }

  private static String cure(Term.Column column, ColumnKind kind) {
    return switch (kind) {
      case NUMBER -> "compare it with a number, such as " + column.words() + " == 10";
      case TEXT ->
          "compare it with a text, such as "
              + column.words()
              + " == \"x\", or write number("
              + column.words()
              + ") where the text is a number";
      case BOOLEAN -> "write " + column.words() + " or !" + column.words();
      case DATE -> "compare it with a date, such as " + column.words() + " < date(\"2024-01-31\")";
      case TIMESTAMP ->
          "compare it with a timestamp, such as "
              + column.words()
              + " < timestamp(\"2024-01-31T10:00:00Z\")";
      case OTHER -> "it can only be compared with itself or null";
    };
  }

  /** Two columns of different types, or a text that no value of the column's type is equal to. */
  private Optional<String> unfit(
      Term term,
      Term other,
      Typing.Demand demand,
      String table,
      Function<String, Optional<ColumnType>> types) {
    if (!(term instanceof Term.Column column) || column.cast().isPresent()) {
      return Optional.empty();
    }
    Optional<ColumnType> type = types.apply(column.name());
    if (type.isEmpty()) {
      return Optional.empty();
    }
    if (demand.operator().isPresent()
        && other instanceof Term.Literal literal
        && type.get().kind() == ColumnKind.TEXT
        && literal.value() instanceof Value.Known known
        && known.content() instanceof String content) {
      return type.get()
          .refusal(content)
          .map(
              why ->
                  "%s.%s is %s: %s (%s)"
                      .formatted(table, column.name(), type.get().name(), why, demand.place()));
    }
    if (other instanceof Term.Column second
        && second.cast().isEmpty()
        && !second.name().equals(column.name())
        && column.name().compareTo(second.name()) < 0) {
      return types
          .apply(second.name())
          .filter(
              found ->
                  found.kind() != type.get().kind()
                      || (found.kind() == ColumnKind.OTHER
                          && !found.name().equals(type.get().name())))
          .map(
              found ->
                  "%s.%s is %s and %s is %s (%s); compare like with like"
                      .formatted(
                          table,
                          column.name(),
                          type.get().name(),
                          second.name(),
                          found.name(),
                          demand.place()));
    }
    return Optional.empty();
  }

  @Override
  public String toString() {
    return text;
  }
}
