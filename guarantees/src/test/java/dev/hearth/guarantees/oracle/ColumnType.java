package dev.hearth.guarantees.oracle;

import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * A type of columns, with the few values that tests give them: few, so that keys meet again, and
 * nasty.
 */
enum ColumnType {
  INT("int", numbers("%d"), true),
  BIGINT("bigint", numbers("90071992547409%02d"), true),
  UUID("uuid", numbers("5EED0000-0000-4000-8000-0000000000%02d"), true),
  TEXT(
      "text",
      List.of(
          "a",
          "A",
          "a:b",
          "b:a",
          ":",
          "",
          " ",
          "{a}",
          "}",
          "%3A",
          "é",
          "日本🔥",
          "a\nb",
          "\t",
          "\\",
          "it's",
          "\"",
          "NULL",
          "null",
          "__debezium_unavailable_value"),
      true),
  DATE("date", with(numbers("2024-02-%02d"), "infinity"), true),
  TIMESTAMPTZ(
      "timestamptz", with(numbers("2024-03-31 01:59:59.%02d+02"), "-infinity", "2024-03-31"), true),
  NUMERIC("numeric(12, 2)", numbers("-%d.50"), true),
  FREE_NUMERIC("numeric", List.of("0", "1.5", "1.50", "-1e3", "NaN", "123456789012345678.9"), true),
  BOOLEAN("boolean", List.of("true", "false"), true);

  private final String sql;
  private final List<String> values;
  private final boolean inKeys;

  ColumnType(String sql, List<String> values, boolean inKeys) {
    this.sql = sql;
    this.values = values;
    this.inKeys = inKeys;
  }

  /** Ten to twenty nine, so that each has two digits. */
  private static List<String> numbers(String format) {
    return IntStream.range(10, 26).mapToObj(format::formatted).toList();
  }

  private static List<String> with(List<String> values, String... more) {
    return Stream.concat(values.stream(), Stream.of(more)).toList();
  }

  String sql() {
    return sql;
  }

  /** Whether keys are made of such columns. */
  boolean inKeys() {
    return inKeys;
  }

  /** A value as a literal. */
  String literal(Dice dice) {
    return quoted(dice.one(values)) + "::" + sql;
  }

  /** A value as COPY has it. */
  String copied(Dice dice) {
    return escaped(dice.one(values));
  }

  static String escaped(String text) {
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n");
  }

  /** How a template writes the value where it does not as it is; empty where there is no way. */
  String format() {
    return switch (this) {
      case INT -> ":pad:8";
      case BIGINT -> ":pad:20";
      case UUID -> ":compact";
      case DATE -> ":date:yyyyMMdd";
      case NUMERIC -> ":trim";
      case TEXT, TIMESTAMPTZ, FREE_NUMERIC, BOOLEAN -> "";
    };
  }

  /** What an application writes that has such a format; nothing for what the format cannot say. */
  String formattedText(String expression) {
    return switch (this) {
      case INT -> "lpad((" + expression + ")::text, 8, '0')";
      case BIGINT -> "lpad((" + expression + ")::text, 20, '0')";
      case UUID -> "replace((" + expression + ")::text, '-', '')";
      case DATE ->
          "case when isfinite(" + expression + ") then to_char(" + expression + ", 'YYYYMMDD') end";
      case NUMERIC -> "trim_scale(" + expression + ")::text";
      case TEXT, TIMESTAMPTZ, FREE_NUMERIC, BOOLEAN -> keyText(expression);
    };
  }

  static String quoted(String text) {
    return "'" + text.replace("'", "''") + "'";
  }

  /**
   * What an application writes into a key for a value (see RowImage): by PostgreSQL, not by code of
   * ours.
   */
  String keyText(String expression) {
    return switch (this) {
      case TIMESTAMPTZ ->
          "case when isfinite("
              + expression
              + ") then regexp_replace(to_char("
              + expression
              + " at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US'), '\\.?0*$', '') || 'Z' else ("
              + expression
              + ")::text end";
      default -> "(" + expression + ")::text";
    };
  }
}
