package dev.hearth.cli.doctor;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;

/** Single values of a database. */
final class Sql {
  private Sql() {}

  /** The first column of the first row as text; empty where there is none. */
  static String one(Connection connection, String sql) throws SQLException {
    try (PreparedStatement query = connection.prepareStatement(sql);
        ResultSet row = query.executeQuery()) {
      String value = row.next() ? row.getString(1) : null;
      return value == null ? "" : value;
    }
  }

  static long number(Connection connection, String sql) throws SQLException {
    return Long.parseLong(one(connection, sql));
  }

  static Instant instant(Connection connection, String sql) throws SQLException {
    try (PreparedStatement query = connection.prepareStatement(sql);
        ResultSet row = query.executeQuery()) {
      row.next();
      return row.getObject(1, OffsetDateTime.class).toInstant();
    }
  }

  /** As a statement would have it; quotes where it must. */
  static String identifier(String name) {
    return name.matches("[a-z_][a-z0-9_]*") ? name : '"' + name.replace("\"", "\"\"") + '"';
  }

  /** {@code schema.table} as a statement would have it. */
  static String table(String name) {
    int dot = name.indexOf('.');
    return identifier(name.substring(0, dot)) + "." + identifier(name.substring(dot + 1));
  }
}
