package dev.hearth.guarantees.oracle;

import dev.hearth.guarantees.oracle.Table.Column;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Which rows a query shows, in SQL, and the condition that a person writes into the rule for it.
 *
 * @param sql with {@code @} for the table's alias
 * @param when for a rule
 * @param columns that it reads
 */
record Filter(String sql, String when, List<String> columns) {
  static final Filter NONE = new Filter("", "", List.of());

  static Filter random(Table table, Dice dice) {
    Filter first = one(table, dice);
    if (dice.percent(75)) {
      return first;
    }
    Filter second = one(table, dice);
    boolean both = dice.percent(50);
    return new Filter(
        "(" + first.sql + (both ? " and " : " or ") + second.sql + ")",
        "(" + first.when + (both ? " && " : " || ") + second.when + ")",
        Stream.concat(first.columns.stream(), second.columns.stream()).distinct().toList());
  }

  private static Filter one(Table table, Dice dice) {
    Column column = dice.one(table.columns());
    String cell = "@." + column.name();
    String now = "after." + column.name();
    if (dice.percent(10)) {
      return of(column, cell + " is not null", now + " != null");
    }
    return switch (column.type()) {
      case BOOLEAN ->
          dice.percent(50) ? of(column, cell, now) : of(column, "not " + cell, "!" + now);
      case INT -> number(column, cell, now, dice.between(12, 24) + "", dice);
      case BIGINT -> number(column, cell, now, "90071992547409" + dice.between(12, 24), dice);
      case NUMERIC, FREE_NUMERIC ->
          number(column, cell, now, "-" + dice.between(12, 24) + ".50", dice);
      case TEXT ->
          dice.percent(50)
              ? of(column, "starts_with(" + cell + ", 'a')", now + ".startsWith('a')")
              : of(column, cell + " in ('a', ':', 'null', '')", now + " in ['a', ':', 'null', '']");
      case UUID ->
          of(
              column,
              cell + " = '5eed0000-0000-4000-8000-000000000015'",
              now + " == '5eed0000-0000-4000-8000-000000000015'");
      case DATE -> of(column, cell + " > '2024-02-17'", "date(" + now + ") > date('2024-02-17')");
      case TIMESTAMPTZ ->
          of(
              column,
              cell + " > '2024-03-30 23:59:59.17Z'",
              now + " > timestamp('2024-03-30T23:59:59.17Z')");
    };
  }

  private static Filter number(Column column, String cell, String now, String bound, Dice dice) {
    return switch (dice.below(3)) {
      case 0 -> of(column, cell + " > " + bound, now + " > " + bound);
      case 1 -> of(column, cell + " <> " + bound, now + " != " + bound);
      default ->
          of(column, "not (" + cell + " >= " + bound + ")", "!(" + now + " >= " + bound + ")");
    };
  }

  private static Filter of(Column column, String sql, String when) {
    return new Filter(sql, when, List.of(column.name()));
  }

  /** What a person writes who wants only changes of these columns, as a condition. */
  static String changeOf(List<String> columns) {
    return columns.stream()
        .map(column -> "before." + column + " != after." + column)
        .collect(Collectors.joining(" || "));
  }

  boolean isNone() {
    return sql.isEmpty();
  }

  String of(String alias) {
    return sql.replace("@", alias);
  }
}
