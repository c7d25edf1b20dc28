package dev.hearth.schemas.key;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * How a cached key is made from the columns of a row: literal text with column names in braces,
 * {@code product:{id}}. Immutable.
 *
 * <p>Two templates name the same keys when their literals are the same, whatever the columns are
 * called: {@code product:{product_id}} in a rule means the cache with the key {@code product:{id}}.
 */
public final class KeyTemplate {
  private static final Pattern COLUMN =
      Pattern.compile("[A-Za-z_][A-Za-z0-9_$]*(\\.[A-Za-z_][A-Za-z0-9_$]*)?");

  private final String text;
  private final List<String> literals;
  private final List<String> columns;
  private final Pattern shortestFirst;
  private final Pattern longestFirst;

  private KeyTemplate(String text, List<String> literals, List<String> columns) {
    this.text = text;
    this.literals = List.copyOf(literals);
    this.columns = List.copyOf(columns);
    this.shortestFirst = keys(literals, "(.+?)");
    this.longestFirst = keys(literals, "(.+)");
  }

  private static Pattern keys(List<String> literals, String value) {
    return Pattern.compile(
        literals.stream().map(Pattern::quote).collect(Collectors.joining(value)), Pattern.DOTALL);
  }

  /**
   * Reads a template.
   *
   * @throws IllegalArgumentException with one sentence that says what is wrong and what to write
   */
  public static KeyTemplate parse(String text) {
    List<String> literals = new ArrayList<>();
    List<String> columns = new ArrayList<>();
    int from = 0;
    while (true) {
      int open = text.indexOf('{', from);
      String literal = open < 0 ? text.substring(from) : text.substring(from, open);
      if (literal.indexOf('}') >= 0) {
        throw new IllegalArgumentException(
            "\"" + text + "\" has a '}' without its '{'; write columns as {column}");
      }
      if (!columns.isEmpty() && literal.isEmpty() && open >= 0) {
        throw new IllegalArgumentException(
            "\""
                + text
                + "\" has two columns with nothing between them, so that two rows could"
                + " share a key; put a separator such as ':' between them");
      }
      literals.add(literal);
      if (open < 0) {
        break;
      }
      int close = text.indexOf('}', open);
      if (close < 0) {
        throw new IllegalArgumentException(
            "\"" + text + "\" has a '{' without its '}'; write columns as {column}");
      }
      String column = text.substring(open + 1, close);
      if (!COLUMN.matcher(column).matches()) {
        throw new IllegalArgumentException(
            "\""
                + text
                + "\" has {"
                + column
                + "}, which is no column name; write columns as"
                + " {column} or {table.column}");
      }
      columns.add(column);
      from = close + 1;
    }
    if (columns.isEmpty()) {
      throw new IllegalArgumentException(
          "\""
              + text
              + "\" names no column, so that all rows would share one key; write columns"
              + " as {column}, such as \"product:{id}\"");
    }
    return new KeyTemplate(text, literals, columns);
  }

  /** The columns in the order in which they stand in the template. */
  public List<String> columns() {
    return columns;
  }

  /** What two templates share when they name the same keys: {@code product:{}}. */
  public String shape() {
    return String.join("{}", literals);
  }

  /** The key of a row; empty where a column has no value, because NULL names nothing. */
  public Optional<String> render(Function<String, Optional<String>> values) {
    StringBuilder key = new StringBuilder(literals.get(0));
    for (int i = 0; i < columns.size(); i++) {
      Optional<String> value = values.apply(columns.get(i));
      if (value.isEmpty()) {
        return Optional.empty();
      }
      key.append(value.get()).append(literals.get(i + 1));
    }
    return Optional.of(key.toString());
  }

  /**
   * The columns' values that a key was made from. Empty where the key is not of this template, and
   * where it could have been made from several rows because a value holds a separator.
   */
  public Optional<Map<String, String>> parseKey(String key) {
    return values(shortestFirst.matcher(key))
        .filter(values -> values(longestFirst.matcher(key)).equals(Optional.of(values)));
  }

  private Optional<Map<String, String>> values(Matcher matcher) {
    if (!matcher.matches()) {
      return Optional.empty();
    }
    Map<String, String> values = new LinkedHashMap<>();
    for (int i = 0; i < columns.size(); i++) {
      String value = matcher.group(i + 1);
      if (!value.equals(values.getOrDefault(columns.get(i), value))) {
        return Optional.empty();
      }
      values.put(columns.get(i), value);
    }
    return Optional.of(values);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof KeyTemplate template && template.text.equals(text);
  }

  @Override
  public int hashCode() {
    return text.hashCode();
  }

  @Override
  public String toString() {
    return text;
  }
}
