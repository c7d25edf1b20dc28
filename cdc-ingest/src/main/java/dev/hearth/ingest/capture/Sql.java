package dev.hearth.ingest.capture;

import java.sql.SQLException;
import org.postgresql.core.Utils;

/** Names and texts as parts of statements that take no parameters. */
public final class Sql {
  private Sql() {}

  public static String identifier(String name) {
    try {
      return Utils.escapeIdentifier(null, name).toString();
    } catch (SQLException e) {
      throw new IllegalArgumentException(name + " is no identifier", e);
    }
  }

  /** {@code schema.table} as it stands in a statement. */
  public static String table(String table) {
    int dot = table.indexOf('.');
    return identifier(table.substring(0, dot)) + "." + identifier(table.substring(dot + 1));
  }

  static String literal(String text) {
    try {
      return "'" + Utils.escapeLiteral(null, text, true) + "'";
    } catch (SQLException e) {
      throw new IllegalArgumentException(text + " is no literal", e);
    }
  }
}
