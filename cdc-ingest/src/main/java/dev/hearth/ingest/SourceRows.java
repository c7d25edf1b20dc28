package dev.hearth.ingest;

import dev.hearth.chassis.StartupException;
import dev.hearth.chassis.config.ConfigException;
import dev.hearth.chassis.config.HearthConfig;
import dev.hearth.ingest.capture.SourceDatabase;
import dev.hearth.ingest.capture.Sql;
import dev.hearth.ingest.decode.ColumnType;
import dev.hearth.ingest.decode.RecordKey;
import dev.hearth.ingest.decode.TableShape;
import dev.hearth.schemas.change.RowImage;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Rows of the source as they are now: the columns that rules read, in the text that changes have.
 * In a session that cannot write, each look-up within {@value #STATEMENT_SECONDS} seconds. By one
 * thread.
 */
public final class SourceRows implements AutoCloseable {
  private static final int STATEMENT_SECONDS = 5;
  private static final int FETCH_ROWS = 1_000;

  private final Connection connection;
  private final Map<String, TableShape> shapes;
  private final Map<String, Map<String, String>> types = new HashMap<>();

  private SourceRows(Connection connection, Map<String, TableShape> shapes) {
    this.connection = connection;
    this.shapes = shapes;
  }

  /**
   * Connects, and reads what the tables of rules look like.
   *
   * @param beside other rules whose columns are read as well, as far as they fit the schema
   * @throws ConfigException if the rules do not fit the schema
   * @throws StartupException if the database cannot be reached or used
   */
  public static SourceRows open(HearthConfig config, Optional<HearthConfig> beside) {
    Connection connection =
        new SourceDatabase(SourceCheck.settings(config)).openAtStart("rows of now");
    try {
      connection.setAutoCommit(false);
      connection.setReadOnly(true);
      try (Statement statement = connection.createStatement()) {
        statement.execute("set extra_float_digits = 1");
        statement.execute("set row_security = off");
      }
      connection.commit();
      Map<String, TableShape> shapes = new TreeMap<>(SourceCheck.read(connection, config).shapes());
      if (beside.isPresent()) {
        SourceCheck.readAgain(connection, beside.get())
            .shapes()
            .forEach((table, shape) -> shapes.merge(table, shape, SourceRows::both));
      }
      try (Statement statement = connection.createStatement()) {
        statement.execute("set statement_timeout = '" + STATEMENT_SECONDS + "s'");
      }
      connection.commit();
      return new SourceRows(connection, shapes);
    } catch (SQLException e) {
      closeAfter(connection, e);
      throw new StartupException(
          "source.postgres: the catalog cannot be read (" + e.getMessage() + ")", 1, e);
    } catch (RuntimeException e) {
      closeAfter(connection, e);
      throw e;
    }
  }

  private static void closeAfter(Connection connection, Exception failure) {
    try {
      connection.close();
    } catch (SQLException e) {
      failure.addSuppressed(e);
    }
  }

  private static TableShape both(TableShape one, TableShape other) {
    Set<String> needed = new TreeSet<>(one.needed());
    needed.addAll(other.needed());
    Map<String, ColumnType> types = new LinkedHashMap<>(one.types());
    types.putAll(other.types());
    return new TableShape(
        one.table(),
        one.identity(),
        needed,
        types,
        one.oldColumns(),
        one.full(),
        one.identitySince());
  }

  /**
   * The row that a record's key names; empty where there is none now.
   *
   * @param key see {@link dev.hearth.schemas.change.ChangeEvent}
   * @throws SQLException if the source does not answer in time, or not at all
   */
  public Optional<RowImage> row(String table, String key) throws SQLException {
    TableShape shape = shapes.get(table);
    List<String> values = RecordKey.values(key);
    if (shape == null || key.equals(table) || values.size() != shape.identity().size()) {
      return Optional.empty();
    }
    return select(shape, shape.identity(), values, 1).stream().findFirst();
  }

  /**
   * Rows with a value in a column.
   *
   * @param most rows to read, above 0
   * @throws SQLException if the source does not answer in time, or not at all
   */
  public List<RowImage> find(String table, String column, String value, int most)
      throws SQLException {
    TableShape shape = shapes.get(table);
    if (shape == null) {
      throw new SQLException(table + " is no table that the rules read");
    }
    return select(shape, List.of(column), List.of(value), most);
  }

  private List<RowImage> select(
      TableShape shape, List<String> columns, List<String> values, int most) throws SQLException {
    List<String> read = new ArrayList<>(new TreeSet<>(shape.types().keySet()));
    List<String> expressions = new ArrayList<>();
    for (String column : read) {
      expressions.add(type(shape, column).expression(Sql.identifier(column)));
    }
    List<String> conditions = new ArrayList<>();
    for (String column : columns) {
      conditions.add(
          Sql.identifier(column)
              + " = "
              + (type(shape, column) == ColumnType.BYTES
                  ? "decode(?, 'hex')"
                  : "cast(? as " + types(shape).get(column) + ")"));
    }
    List<RowImage> rows = new ArrayList<>();
    try (PreparedStatement query =
        connection.prepareStatement(
            "select "
                + String.join(", ", expressions)
                + " from "
                + Sql.table(shape.table())
                + " where "
                + String.join(" and ", conditions)
                + " limit "
                + most)) {
      query.setFetchSize(FETCH_ROWS);
      for (int i = 0; i < values.size(); i++) {
        query.setString(i + 1, values.get(i));
      }
      try (ResultSet results = query.executeQuery()) {
        while (results.next()) {
          Map<String, @Nullable String> image = new LinkedHashMap<>();
          for (int i = 0; i < read.size(); i++) {
            image.put(read.get(i), type(shape, read.get(i)).text(results.getString(i + 1)));
          }
          rows.add(new RowImage(image));
        }
      }
      connection.commit();
      return rows;
    } catch (SQLException | RuntimeException e) {
      rollBackAfter(e);
      throw e;
    }
  }

  private void rollBackAfter(Exception failure) {
    try {
      connection.rollback();
    } catch (SQLException e) {
      failure.addSuppressed(e);
    }
  }

  private static ColumnType type(TableShape shape, String column) throws SQLException {
    ColumnType type = shape.types().get(column);
    if (type == null) {
      throw new SQLException(shape.table() + " has no readable column " + column);
    }
    return type;
  }

  private Map<String, String> types(TableShape shape) throws SQLException {
    Map<String, String> known = types.get(shape.table());
    if (known == null) {
      known = ChunkReader.types(connection, shape.table(), shape.types().keySet());
      types.put(shape.table(), known);
    }
    return known;
  }

  @Override
  public void close() throws SQLException {
    connection.close();
  }
}
