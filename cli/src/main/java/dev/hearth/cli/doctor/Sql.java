package dev.hearth.cli.doctor;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** Single values of a database, names, and how a statement writes them. */
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

  /** Tables as a statement names them, one after the other. */
  static String list(Collection<String> tables) {
    return tables.stream().sorted().map(Sql::table).collect(Collectors.joining(", "));
  }

  /** What a query with one name gives in its first column. */
  static Set<String> names(Connection db, String sql, String name) throws SQLException {
    try (PreparedStatement query = db.prepareStatement(sql)) {
      query.setString(1, name);
      return read(query);
    }
  }

  /** What a query with an array of names gives in its first column. */
  static Set<String> names(Connection db, String sql, Set<String> of) throws SQLException {
    try (PreparedStatement query = db.prepareStatement(sql)) {
      query.setArray(1, db.createArrayOf("text", of.toArray()));
      return read(query);
    }
  }

  private static Set<String> read(PreparedStatement query) throws SQLException {
    List<String> names = new ArrayList<>();
    try (ResultSet rows = query.executeQuery()) {
      while (rows.next()) {
        names.add(rows.getString(1));
      }
    }
    return new TreeSet<>(names);
  }
}
