package dev.hearth.ingest.capture;

import java.sql.SQLException;
import org.postgresql.core.Utils;

/** Names and texts as parts of statements that take no parameters. */
final class Sql {
  private Sql() {}

  static String identifier(String name) {
    try {
      return Utils.escapeIdentifier(null, name).toString();
    } catch (SQLException e) {
      throw new IllegalArgumentException(name + " is no identifier", e);
    }
  }

  static String literal(String text) {
    try {
      return "'" + Utils.escapeLiteral(null, text, true) + "'";
    } catch (SQLException e) {
      throw new IllegalArgumentException(text + " is no literal", e);
    }
  }
}
