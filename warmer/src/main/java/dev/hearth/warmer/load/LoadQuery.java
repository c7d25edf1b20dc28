package dev.hearth.warmer.load;

import dev.hearth.schemas.key.KeyTemplate;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The query by which a cache is read: SQL with one named array parameter for each key column, such
 * as {@code where p.id = any(:id)}. Immutable.
 *
 * <p>The contract: one row for each key, the key columns first, in the order of the cache's key.
 * Where the key has several columns, the arrays have equal lengths, and the i-th values together
 * are the i-th key: {@code where (a, b) in (select * from unnest(:a::int[], :b::text[]))}.
 *
 * @param sql for JDBC, each parameter a question mark
 * @param parameters column names, one for each question mark
 * @param keyColumns of the cache's key, in its order
 */
public record LoadQuery(String sql, List<String> parameters, List<String> keyColumns) {

  public LoadQuery {
    parameters = List.copyOf(parameters);
    keyColumns = List.copyOf(keyColumns);
  }

  /**
   * Reads a query.
   *
   * @throws IllegalArgumentException with one sentence that says what is wrong and what to write
   */
  public static LoadQuery parse(String text, KeyTemplate key) {
    if (!key.isReversible()) {
      throw new IllegalArgumentException(
          "the values of the key \""
              + key
              + "\" cannot be told from it, so that no row could be loaded for one: upper, lower and"
              + " part of a date have no way back; take the format or the load out");
    }
    Scan scan = new Scan(text, key.columns()).run();
    List<String> columns = List.copyOf(new LinkedHashSet<>(key.columns()));
    if (scan.parameters.isEmpty()) {
      throw new IllegalArgumentException(
          "load has no parameter, so it would read the whole table; restrict it to the wanted keys, such as \"where "
              + example(columns)
              + "\"");
    }
    Set<String> used = new LinkedHashSet<>(scan.parameters);
    for (String parameter : used) {
      if (!columns.contains(parameter)) {
        throw new IllegalArgumentException(
            "load has the parameter :"
                + parameter
                + ", which is no column of the key \""
                + key
                + "\" ("
                + String.join(", ", columns)
                + "); "
                + nearest(parameter, columns)
                    .map(near -> "did you mean :" + near + "?")
                    .orElse("name parameters as the key's columns"));
      }
    }
    for (String column : columns) {
      if (!used.contains(column)) {
        throw new IllegalArgumentException(
            "load does not use :"
                + column
                + ", a column of the key \""
                + key
                + "\", so it could not tell its keys apart; restrict it by all of them, such as \"where "
                + example(columns)
                + "\"");
      }
    }
    return new LoadQuery(scan.sql.toString(), scan.parameters, columns);
  }

  private static String example(List<String> columns) {
    if (columns.size() == 1) {
      return columns.get(0) + " = any(:" + columns.get(0) + ")";
    }
    return "("
        + String.join(", ", columns)
        + ") in (select * from unnest("
        + columns.stream().map(each -> ":" + each + "::bigint[]").collect(Collectors.joining(", "))
        + "))";
  }

  private static Optional<String> nearest(String name, List<String> columns) {
    return columns.stream()
        .filter(each -> distance(name, each) <= 1 + Math.min(name.length(), each.length()) / 4)
        .min(java.util.Comparator.comparingInt(each -> distance(name, each)));
  }

  /** Levenshtein's distance: insertions, deletions and replacements of one character. */
  private static int distance(String a, String b) {
    int[] row = new int[b.length() + 1];
    for (int j = 0; j <= b.length(); j++) {
      row[j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j <= b.length(); j++) {
        int cost = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(cost, 1 + Math.min(row[j], row[j - 1]));
      }
    }
    return row[b.length()];
  }

  /**
   * One pass over the text that knows where PostgreSQL would not see a parameter: quoted strings
   * (also E'' with backslashes and $tag$ quotes), quoted names, comments (nested ones too), casts,
   * and array slices such as {@code a[1:n]}.
   */
  private static final class Scan {
    private final String text;
    private final List<String> keyColumns;
    private final StringBuilder sql = new StringBuilder();
    private final List<String> parameters = new ArrayList<>();
    private int at;
    private int brackets;

    private Scan(String text, List<String> keyColumns) {
      this.text = text;
      this.keyColumns = keyColumns;
    }

    private Scan run() {
      while (at < text.length()) {
        char c = text.charAt(at);
        if (c == '\'') {
          copyTo(endOfString(isEscapeString()));
        } else if (c == '"') {
          copyTo(endAfter("\"", at + 1, "a quoted name"));
        } else if (text.startsWith("--", at)) {
          int end = text.indexOf('\n', at);
          copyTo(end < 0 ? text.length() : end);
        } else if (text.startsWith("/*", at)) {
          copyTo(endOfComment());
        } else if (c == '$' && dollarTag().isPresent()) {
          String tag = dollarTag().get();
          copyTo(endAfter(tag, at + tag.length(), "a string in " + tag));
        } else if (text.startsWith("::", at)) {
          copyTo(at + 2);
        } else if (c == ':'
            && brackets == 0
            && at + 1 < text.length()
            && isStart(text.charAt(at + 1))) {
          parameter();
        } else if (c == '?') {
          // The driver reads a single one as a parameter, a double one as the operator.
          sql.append("??");
          at++;
        } else if (c == ';') {
          endOfStatement();
        } else if (isStart(c)) {
          copyTo(endOfName(at));
        } else {
          brackets += c == '[' ? 1 : c == ']' ? -1 : 0;
          copyTo(at + 1);
        }
      }
      return this;
    }

    private void parameter() {
      int end = endOfName(at + 1);
      String name = text.substring(at + 1, end);
      if (end + 1 < text.length() && text.charAt(end) == '.' && isStart(text.charAt(end + 1))) {
        int dotted = endOfName(end + 1);
        if (keyColumns.contains(text.substring(at + 1, dotted))) {
          end = dotted;
          name = text.substring(at + 1, dotted);
        }
      }
      parameters.add(name);
      sql.append('?');
      at = end;
    }

    private void endOfStatement() {
      if (!text.substring(at + 1).isBlank()) {
        throw new IllegalArgumentException(
            "load has something after a ';'; write one query, without a ';'");
      }
      at = text.length();
    }

    private void copyTo(int end) {
      sql.append(text, at, end);
      at = end;
    }

    private int endAfter(String closing, int from, String what) {
      int end = text.indexOf(closing, from);
      if (end < 0) {
        throw new IllegalArgumentException(
            "load has " + what + " that does not end; close it with " + closing);
      }
      return end + closing.length();
    }

    private boolean isEscapeString() {
      return at > 0
          && Character.toLowerCase(text.charAt(at - 1)) == 'e'
          && (at == 1 || !isPart(text.charAt(at - 2)));
    }

    private int endOfString(boolean escapes) {
      int i = at + 1;
      while (i < text.length()) {
        char c = text.charAt(i);
        if (escapes && c == '\\') {
          i += 2;
        } else if (c == '\'') {
          return i + 1;
        } else {
          i++;
        }
      }
      throw new IllegalArgumentException("load has a string that does not end; close it with '");
    }

    private int endOfComment() {
      int depth = 0;
      int i = at;
      while (i + 1 < text.length()) {
        if (text.startsWith("/*", i)) {
          depth++;
          i += 2;
        } else if (text.startsWith("*/", i)) {
          depth--;
          i += 2;
          if (depth == 0) {
            return i;
          }
        } else {
          i++;
        }
      }
      throw new IllegalArgumentException("load has a comment that does not end; close it with */");
    }

    private Optional<String> dollarTag() {
      int i = at + 1;
      while (i < text.length() && text.charAt(i) != '$') {
        char c = text.charAt(i);
        if (i == at + 1 ? !isStart(c) : !isPart(c)) {
          return Optional.empty();
        }
        i++;
      }
      return i < text.length() ? Optional.of(text.substring(at, i + 1)) : Optional.empty();
    }

    private int endOfName(int from) {
      int i = from;
      while (i < text.length() && (isPart(text.charAt(i)) || text.charAt(i) == '$')) {
        i++;
      }
      return i;
    }

    private static boolean isStart(char c) {
      return Character.isLetter(c) || c == '_';
    }

    private static boolean isPart(char c) {
      return Character.isLetterOrDigit(c) || c == '_';
    }
  }
}
