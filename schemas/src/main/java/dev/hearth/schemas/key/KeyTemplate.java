package dev.hearth.schemas.key;

import java.nio.charset.StandardCharsets;
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
 * {@code product:{id}}, each with an optional {@link KeyFormat}, {@code event:{day:date:yyyyMMdd}}.
 * Immutable.
 *
 * <p>Two templates name the same keys when their literals are the same, whatever the columns are
 * called: {@code product:{product_id}} in a rule means the cache with the key {@code product:{id}}.
 *
 * <p>A key may be that of two rows, because a value holds what stands between two columns ({@code
 * a:b} and {@code c}, {@code a} and {@code b:c}). To invalidate it for either is right; which row
 * it is of cannot be told from it, so {@link #parseKey} does not. {@code {column:urlencode}} keeps
 * them apart.
 */
public final class KeyTemplate {
  /** Longest key in bytes of UTF-8; it travels in one record with what caused it. */
  public static final int LONGEST_BYTES = 16_384;

  /** Stands for the schema of the changed table. */
  public static final String SCHEMA = "@schema";

  /** Stands for the name of the changed table, without its schema. */
  public static final String TABLE = "@table";

  private static final Pattern COLUMN =
      Pattern.compile("[A-Za-z_][A-Za-z0-9_$]*(\\.[A-Za-z_][A-Za-z0-9_$]*)?|@schema|@table");

  private final String text;
  private final List<String> literals;
  private final List<Slot> slots;
  private final List<String> columns;
  private final Pattern shortestFirst;
  private final Pattern longestFirst;

  private KeyTemplate(String text, List<String> literals, List<Slot> slots) {
    this.text = text;
    this.literals = List.copyOf(literals);
    this.slots = List.copyOf(slots);
    this.columns = slots.stream().filter(slot -> !slot.isOfTable()).map(Slot::column).toList();
    this.shortestFirst = keys(literals, "(.*?)");
    this.longestFirst = keys(literals, "(.*)");
  }

  /**
   * A column in a template.
   *
   * @param column its name, or {@link #SCHEMA} or {@link #TABLE}
   */
  public record Slot(String column, KeyFormat format) {
    /** Whether it stands for a part of the table's name instead of a column. */
    public boolean isOfTable() {
      return column.startsWith("@");
    }

    @Override
    public String toString() {
      return "{" + column + format + "}";
    }
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
    List<Slot> slots = new ArrayList<>();
    int from = 0;
    while (true) {
      int open = text.indexOf('{', from);
      String literal = open < 0 ? text.substring(from) : text.substring(from, open);
      if (literal.indexOf('}') >= 0) {
        throw new IllegalArgumentException(
            "\"" + text + "\" has a '}' without its '{'; write columns as {column}");
      }
      if (!slots.isEmpty() && literal.isEmpty() && open >= 0) {
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
      slots.add(slot(text, text.substring(open + 1, close)));
      from = close + 1;
    }
    if (slots.isEmpty()) {
      throw new IllegalArgumentException(
          "\""
              + text
              + "\" names no column, so that all rows would share one key; write columns"
              + " as {column}, such as \"product:{id}\"");
    }
    return new KeyTemplate(text, literals, slots);
  }

  private static Slot slot(String text, String inside) {
    int colon = inside.indexOf(':');
    String column = colon < 0 ? inside : inside.substring(0, colon);
    if (!COLUMN.matcher(column).matches()) {
      throw new IllegalArgumentException(
          "\""
              + text
              + "\" has {"
              + inside
              + "}, which is no column name; write columns as"
              + " {column} or {table.column}, and the table's name as {@schema} and {@table}");
    }
    try {
      return new Slot(
          column, colon < 0 ? KeyFormat.PLAIN : KeyFormat.parse(inside.substring(colon + 1)));
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "\"" + text + "\" has {" + inside + "}: " + e.getMessage(), e);
    }
  }

  /** The columns in the order in which they stand in the template; no part of the table's name. */
  public List<String> columns() {
    return columns;
  }

  /** The columns with their formats, in the same order. */
  public List<Slot> slots() {
    return slots;
  }

  /** Whether the values can be told from a key: otherwise no row can be loaded for one. */
  public boolean isReversible() {
    return slots.stream().allMatch(slot -> slot.format().isReversible());
  }

  /** What two templates share when they name the same keys: {@code product:{}}. */
  public String shape() {
    return String.join("{}", literals);
  }

  /**
   * The key of a row; empty where a column has no value, because NULL names nothing.
   *
   * @param values of columns, and where the template has them of {@link #SCHEMA} and {@link #TABLE}
   * @throws KeyException if a value is not what its format takes, or the key would be longer than
   *     {@link #LONGEST_BYTES}
   */
  public Optional<String> render(Function<String, Optional<String>> values) {
    StringBuilder key = new StringBuilder(literals.get(0));
    for (int i = 0; i < slots.size(); i++) {
      Slot slot = slots.get(i);
      Optional<String> value = values.apply(slot.column());
      if (value.isEmpty() && slot.isOfTable()) {
        throw new KeyException("\"" + text + "\" has " + slot + ", and the table is not known");
      }
      if (value.isEmpty()) {
        return Optional.empty();
      }
      String written =
          slot.format()
              .write(value.get())
              .orElseThrow(
                  () ->
                      new KeyException(
                          "\"" + text + "\" has " + slot + ", and a value is not what that takes"));
      key.append(written).append(literals.get(i + 1));
    }
    if (key.length() > LONGEST_BYTES
        || key.toString().getBytes(StandardCharsets.UTF_8).length > LONGEST_BYTES) {
      throw new KeyException(
          "\"" + text + "\" makes a key of more than " + LONGEST_BYTES + " bytes");
    }
    return Optional.of(key.toString());
  }

  /**
   * Whether a key could be of this template, whatever its values are: all that {@link #render}
   * makes are among those.
   */
  public boolean matches(String key) {
    return longestFirst.matcher(key).matches();
  }

  /**
   * The columns' values that a key was made from. Empty where the key is not of this template, and
   * where it could have been made from several rows: a value holds a separator, or was written in a
   * format that cannot be read back.
   */
  public Optional<Map<String, String>> parseKey(String key) {
    return pieces(shortestFirst.matcher(key))
        .filter(pieces -> pieces(longestFirst.matcher(key)).equals(Optional.of(pieces)))
        .flatMap(this::values);
  }

  private Optional<List<String>> pieces(Matcher matcher) {
    if (!matcher.matches()) {
      return Optional.empty();
    }
    List<String> pieces = new ArrayList<>();
    for (int i = 0; i < slots.size(); i++) {
      pieces.add(matcher.group(i + 1));
    }
    return Optional.of(pieces);
  }

  private Optional<Map<String, String>> values(List<String> pieces) {
    Map<String, String> values = new LinkedHashMap<>();
    for (int i = 0; i < slots.size(); i++) {
      String column = slots.get(i).column();
      Optional<String> value = slots.get(i).format().read(pieces.get(i));
      if (value.isEmpty() || !value.get().equals(values.getOrDefault(column, value.get()))) {
        return Optional.empty();
      }
      values.put(column, value.get());
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
