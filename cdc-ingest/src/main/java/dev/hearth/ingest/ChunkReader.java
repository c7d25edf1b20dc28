package dev.hearth.ingest;

import dev.hearth.ingest.capture.LogEngine;
import dev.hearth.ingest.capture.SourceDatabase;
import dev.hearth.ingest.capture.Sql;
import dev.hearth.ingest.decode.ColumnType;
import dev.hearth.ingest.decode.RecordKey;
import dev.hearth.ingest.decode.TableShape;
import dev.hearth.ingest.rows.SelectedRow;
import dev.hearth.schemas.position.SourceIdentity;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.postgresql.replication.LogSequenceNumber;

/**
 * Selects rows by chunks, on a direct connection to the primary, each chunk by one statement of its
 * own READ COMMITTED transaction. Used by one thread.
 */
final class ChunkReader implements AutoCloseable {
  private static final int STATEMENT_TIMEOUT_SECONDS = 30;
  private static final int FETCH_ROWS = 200;

  /** A chunk ends here as well, so that large values do not fill the memory. */
  private static final long MOST_CHARACTERS = 8_000_000;

  /**
   * A chunk.
   *
   * @param behind place behind its last row; empty where there are no more
   * @param reached an LSN that everything it shows was logged before
   */
  record Chunk(List<SelectedRow> rows, Optional<List<String>> behind, long reached) {}

  private final Connection connection;
  private final SourceIdentity identity;

  /**
   * Connects, to the server that the stream comes from.
   *
   * @throws SQLException if it is another, or no primary
   */
  ChunkReader(SourceDatabase database, SourceIdentity identity) throws SQLException {
    this.connection = database.open("snapshot");
    this.identity = identity;
    try {
      connection.setAutoCommit(true);
      connection.setTransactionIsolation(Connection.TRANSACTION_READ_COMMITTED);
      try (Statement statement = connection.createStatement()) {
        statement.execute("set statement_timeout = '" + STATEMENT_TIMEOUT_SECONDS + "s'");
        statement.execute("set extra_float_digits = 1");
        // Rows must not be left out by a policy.
        statement.execute("set row_security = off");
      }
      reached();
    } catch (SQLException e) {
      connection.close();
      throw e;
    }
  }

  /** The rows behind a place, or from the beginning. */
  Chunk after(TableShape shape, Set<String> columns, Optional<List<String>> place, int most)
      throws SQLException {
    Map<String, String> types = types(shape);
    String identity = String.join(", ", quoted(shape.identity()));
    String where =
        place.isEmpty()
            ? ""
            : " where ("
                + identity
                + ") > ("
                + shape.identity().stream()
                    .map(column -> "cast(? as " + types.get(column) + ")")
                    .collect(Collectors.joining(", "))
                + ")";
    try (PreparedStatement query =
        connection.prepareStatement(
            select(shape, columns) + where + " order by " + identity + " limit " + most)) {
      List<String> values = place.orElseGet(List::of);
      for (int i = 0; i < values.size(); i++) {
        query.setString(i + 1, values.get(i));
      }
      return read(query, shape, columns, most);
    }
  }

  /** Just these rows, as far as they are there. */
  Chunk rows(TableShape shape, Set<String> columns, Set<String> keys) throws SQLException {
    Map<String, String> types = types(shape);
    List<List<String>> rows = keys.stream().map(RecordKey::values).toList();
    String arrays = shape.identity().stream().map(column -> "?").collect(Collectors.joining(", "));
    List<String> names = new ArrayList<>();
    List<String> casts = new ArrayList<>();
    for (int i = 0; i < shape.identity().size(); i++) {
      String column = shape.identity().get(i);
      names.add("v" + i);
      casts.add(
          shape.types().get(column) == ColumnType.BYTES
              ? "decode(v" + i + ", 'hex')"
              : "cast(v" + i + " as " + types.get(column) + ")");
    }
    try (PreparedStatement query =
        connection.prepareStatement(
            select(shape, columns)
                + " where ("
                + String.join(", ", quoted(shape.identity()))
                + ") in (select "
                + String.join(", ", casts)
                + " from unnest("
                + arrays
                + ") wanted("
                + String.join(", ", names)
                + "))")) {
      for (int i = 0; i < shape.identity().size(); i++) {
        int column = i;
        query.setArray(
            i + 1,
            connection.createArrayOf("text", rows.stream().map(row -> row.get(column)).toArray()));
      }
      return read(query, shape, columns, Integer.MAX_VALUE);
    }
  }

  private static String select(TableShape shape, Set<String> columns) {
    List<String> expressions = quoted(shape.identity());
    for (String column : read(shape, columns)) {
      expressions.add(type(shape, column).expression(Sql.identifier(column)));
    }
    return "select " + String.join(", ", expressions) + " from " + Sql.table(shape.table());
  }

  /** What is read of each row, in order. */
  private static Set<String> read(TableShape shape, Set<String> columns) {
    Set<String> all = new TreeSet<>(columns);
    all.addAll(shape.identity());
    return all;
  }

  private static ColumnType type(TableShape shape, String column) {
    ColumnType type = shape.types().get(column);
    if (type == null) {
      throw new IllegalArgumentException(shape.table() + " has no readable column " + column);
    }
    return type;
  }

  private static List<String> quoted(List<String> columns) {
    return columns.stream().map(Sql::identifier).collect(Collectors.toCollection(ArrayList::new));
  }

  private Chunk read(PreparedStatement query, TableShape shape, Set<String> columns, int most)
      throws SQLException {
    List<SelectedRow> rows = new ArrayList<>();
    Optional<List<String>> last = Optional.empty();
    boolean more = false;
    connection.setAutoCommit(false);
    try {
      query.setFetchSize(FETCH_ROWS);
      long characters = 0;
      try (ResultSet results = query.executeQuery()) {
        while (!more && results.next()) {
          List<String> place = new ArrayList<>();
          for (int i = 1; i <= shape.identity().size(); i++) {
            place.add(results.getString(i));
          }
          last = Optional.of(place);
          Map<String, @Nullable String> values = new LinkedHashMap<>();
          int at = shape.identity().size();
          for (String column : read(shape, columns)) {
            String text = type(shape, column).text(results.getString(++at));
            values.put(column, text);
            characters += text == null ? 0 : text.length();
          }
          String key =
              RecordKey.of(shape.table(), shape.identity(), values)
                  .orElseThrow(() -> new SQLException("a row has no identity"));
          values.keySet().retainAll(columns);
          rows.add(new SelectedRow(key, values));
          more = rows.size() >= most || characters > MOST_CHARACTERS;
        }
      }
      connection.commit();
    } catch (SQLException | RuntimeException e) {
      connection.rollback();
      throw e;
    } finally {
      connection.setAutoCommit(true);
    }
    return new Chunk(rows, more ? last : Optional.empty(), reached());
  }

  /**
   * The end of the log now, and something behind it, so that the watermark gets there. What is
   * visible can be ahead of the flushed log, but not of the written.
   */
  private long reached() throws SQLException {
    long reached;
    try (PreparedStatement query =
            connection.prepareStatement(
                "select pg_is_in_recovery(),"
                    + " system_identifier::text,"
                    + " case when pg_is_in_recovery() then 0 else"
                    + " ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int"
                    + " end,"
                    + " case when pg_is_in_recovery() then null"
                    + " else pg_current_wal_insert_lsn()::text end"
                    + " from pg_control_system()");
        ResultSet row = query.executeQuery()) {
      row.next();
      if (row.getBoolean(1)
          || !identity.systemIdentifier().equals(row.getString(2))
          || identity.timeline() != row.getInt(3)) {
        throw new SQLException("this is not the primary that the stream comes from");
      }
      reached = LogSequenceNumber.valueOf(row.getString(4)).asLong();
    }
    try (Statement statement = connection.createStatement()) {
      statement.execute(
          "select pg_logical_emit_message(true, '" + LogEngine.HEARTBEAT_PREFIX + "', '')");
    }
    return reached;
  }

  /** The types of the columns that identify a row, as they stand in a statement. */
  private Map<String, String> types(TableShape shape) throws SQLException {
    return types(connection, shape.table(), shape.identity());
  }

  /** The types of columns, as they stand in a statement. */
  static Map<String, String> types(Connection connection, String table, Collection<String> columns)
      throws SQLException {
    Map<String, String> types = new LinkedHashMap<>();
    try (PreparedStatement query =
        connection.prepareStatement(
            "select attname, format_type(atttypid, atttypmod) from pg_attribute"
                + " where attrelid = to_regclass(?) and attname = any(?)")) {
      query.setString(1, Sql.table(table));
      query.setArray(2, connection.createArrayOf("text", columns.toArray()));
      try (ResultSet rows = query.executeQuery()) {
        while (rows.next()) {
          types.put(rows.getString(1), rows.getString(2));
        }
      }
    }
    return types;
  }

  @Override
  public void close() throws SQLException {
    connection.close();
  }
}
