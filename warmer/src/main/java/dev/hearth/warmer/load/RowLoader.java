package dev.hearth.warmer.load;

import dev.hearth.schemas.key.KeyException;
import dev.hearth.schemas.key.KeyTemplate;
import dev.hearth.schemas.position.Position;
import dev.hearth.store.standby.StandbyReads;
import java.sql.Array;
import java.sql.Connection;
import java.sql.ParameterMetaData;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * Reads values by a cache's load query, many keys in one statement. Thread-safe; each call takes
 * one connection, on the primary in autocommit and on a standby after its check, so that its
 * snapshot is never older than the call.
 */
public final class RowLoader {
  /** SQLSTATE class 22: a value that its type does not take. */
  private static final String DATA_EXCEPTION = "22";

  private final StandbyReads reads;
  private final LoadQuery query;
  private final KeyTemplate template;
  private volatile @Nullable List<String> elementTypes;

  /**
   * @param primary connections to the primary, read only, with a statement timeout
   */
  public RowLoader(DataSource primary, LoadQuery query, KeyTemplate template) {
    this(
        new StandbyReads(
            primary, List.of(), unknown -> Optional.empty(), StandbyReads.Settings.defaults()),
        query,
        template);
  }

  /**
   * @param reads whose connections are read only, with a statement timeout
   */
  public RowLoader(StandbyReads reads, LoadQuery query, KeyTemplate template) {
    this.reads = reads;
    this.query = query;
    this.template = template;
  }

  /**
   * Reads a batch on the primary.
   *
   * @param keys of the cache; some hundreds at most
   * @throws LoadException if the database does not answer, or the query is not as {@link LoadQuery}
   *     says
   */
  public LoadedBatch load(Collection<String> keys) {
    return load(keys, Optional.empty()).value();
  }

  /**
   * Reads a batch where it is safe.
   *
   * @param keys of the cache; some hundreds at most
   * @param floor what a standby must have replayed: the highest B of the leases to fill under;
   *     empty for the primary
   * @throws LoadException as {@link #load(Collection)}
   */
  public StandbyReads.Read<LoadedBatch> load(Collection<String> keys, Optional<Position> floor) {
    try {
      return reads.read(floor, connection -> load(connection, keys));
    } catch (SQLException e) {
      throw new LoadException(sentence(e), e);
    } catch (RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new LoadException("load failed: " + e, e);
    }
  }

  /**
   * Has the query prepared on the primary, and reads nothing.
   *
   * @return what does not fit there, in a sentence; empty where it fits
   */
  public Optional<String> check() {
    try {
      reads.read(
          Optional.empty(),
          connection -> {
            try (PreparedStatement statement = connection.prepareStatement(query.sql())) {
              types(statement);
              ResultSetMetaData columns = statement.getMetaData();
              if (columns == null) {
                throw new LoadException("load gives no rows; write a select");
              }
              requireKeyColumnsFirst(RowJson.of(columns).labels());
              return true;
            }
          });
      return Optional.empty();
    } catch (LoadException e) {
      return Optional.of(String.valueOf(e.getMessage()));
    } catch (SQLException e) {
      return Optional.of(sentence(e) + "; try it with psql");
    } catch (RuntimeException e) {
      throw e;
    } catch (Exception e) {
      return Optional.of("load failed: " + e);
    }
  }

  private LoadedBatch load(Connection connection, Collection<String> keys) throws SQLException {
    if (keys.isEmpty()) {
      return new LoadedBatch(Map.of(), Set.of(), Set.of(), 0);
    }
    try (PreparedStatement statement = connection.prepareStatement(query.sql())) {
      List<String> types = types(statement);
      Map<String, Object[]> bound = new LinkedHashMap<>();
      Set<String> unloadable = new HashSet<>();
      for (String key : new LinkedHashSet<>(keys)) {
        Optional<Object[]> values = values(key, types);
        if (values.isPresent()) {
          bound.put(key, values.get());
        } else {
          unloadable.add(key);
        }
      }
      LoadedBatch refused = new LoadedBatch(Map.of(), Set.of(), unloadable, 0);
      return bound.isEmpty() ? refused : refused.and(halving(statement, bound, types));
    }
  }

  /**
   * One key whose value the type does not take fails its whole batch, so it is looked for; on the
   * primary only, for in a transaction nothing goes on after a failure.
   */
  private LoadedBatch halving(
      PreparedStatement statement, Map<String, Object[]> keys, List<String> types)
      throws SQLException {
    try {
      return execute(statement, keys, types);
    } catch (SQLException e) {
      if (e.getSQLState() == null
          || !e.getSQLState().startsWith(DATA_EXCEPTION)
          || !statement.getConnection().getAutoCommit()) {
        throw e;
      }
      if (keys.size() == 1) {
        return new LoadedBatch(Map.of(), Set.of(), keys.keySet(), 0);
      }
      Map<String, Object[]> first = new LinkedHashMap<>();
      Map<String, Object[]> second = new LinkedHashMap<>();
      keys.forEach(
          (key, value) -> (first.size() < keys.size() / 2 ? first : second).put(key, value));
      return halving(statement, first, types).and(halving(statement, second, types));
    }
  }

  private LoadedBatch execute(
      PreparedStatement statement, Map<String, Object[]> keys, List<String> types)
      throws SQLException {
    List<Array> arrays = new ArrayList<>();
    for (int i = 0; i < query.keyColumns().size(); i++) {
      int column = i;
      Object[] values = keys.values().stream().map(each -> each[column]).toArray();
      arrays.add(statement.getConnection().createArrayOf(types.get(i), values));
    }
    for (int i = 0; i < query.parameters().size(); i++) {
      statement.setArray(i + 1, arrays.get(query.keyColumns().indexOf(query.parameters().get(i))));
    }
    Map<String, byte[]> found = new HashMap<>();
    Set<String> twice = new HashSet<>();
    int unasked = 0;
    try (ResultSet rows = statement.executeQuery()) {
      RowJson json = RowJson.of(rows.getMetaData());
      requireKeyColumnsFirst(json.labels());
      while (rows.next()) {
        Optional<String> key = key(rows, json);
        if (key.isEmpty() || !keys.containsKey(key.get())) {
          unasked++;
        } else if (found.put(key.get(), json.encode(rows)) != null) {
          twice.add(key.get());
        }
      }
    }
    twice.forEach(found::remove);
    Set<String> missing = new HashSet<>(keys.keySet());
    missing.removeAll(found.keySet());
    missing.removeAll(twice);
    boolean sure = unasked == 0 && types.stream().allMatch(type -> KeyType.of(type).tellsAbsence());
    Set<String> unloadable = new HashSet<>(twice);
    if (!sure) {
      unloadable.addAll(missing);
    }
    return new LoadedBatch(found, sure ? missing : Set.of(), unloadable, unasked);
  }

  private Optional<String> key(ResultSet row, RowJson json) throws SQLException {
    Map<String, String> values = new HashMap<>();
    for (int i = 0; i < query.keyColumns().size(); i++) {
      Optional<String> value = KeyText.of(row, i + 1, json.types().get(i));
      if (value.isEmpty()) {
        return Optional.empty();
      }
      values.put(query.keyColumns().get(i), value.get());
    }
    try {
      return template.render(column -> Optional.ofNullable(values.get(column)));
    } catch (KeyException e) {
      // What has no key was not asked for.
      return Optional.empty();
    }
  }

  private Optional<Object[]> values(String key, List<String> types) {
    Optional<Map<String, String>> parsed = template.parseKey(key);
    if (parsed.isEmpty()) {
      return Optional.empty();
    }
    Object[] values = new Object[types.size()];
    for (int i = 0; i < values.length; i++) {
      String text = parsed.get().get(query.keyColumns().get(i));
      Optional<Object> value =
          text == null ? Optional.empty() : KeyType.of(types.get(i)).read(text);
      if (value.isEmpty()) {
        return Optional.empty();
      }
      values[i] = value.get();
    }
    return Optional.of(values);
  }

  /** Element types of the arrays, in the order of the key columns; asked once. */
  private List<String> types(PreparedStatement statement) throws SQLException {
    List<String> known = elementTypes;
    if (known != null) {
      return known;
    }
    ParameterMetaData parameters = statement.getParameterMetaData();
    Map<String, String> byColumn = new HashMap<>();
    for (int i = 0; i < query.parameters().size(); i++) {
      String column = query.parameters().get(i);
      String type = parameters.getParameterTypeName(i + 1);
      if (!type.startsWith("_")) {
        throw new LoadException(
            "load takes :"
                + column
                + " as one "
                + type
                + "; many keys are read at once, so write it as an array: "
                + column
                + " = any(:"
                + column
                + ")");
      }
      String former = byColumn.putIfAbsent(column, type.substring(1));
      if (former != null && !former.equals(type.substring(1))) {
        throw new LoadException(
            "load takes :"
                + column
                + " once as "
                + former
                + "[] and once as "
                + type.substring(1)
                + "[]; cast one, such as :"
                + column
                + "::"
                + former
                + "[]");
      }
    }
    List<String> types = new ArrayList<>();
    for (String column : query.keyColumns()) {
      types.add(String.valueOf(byColumn.get(column)));
    }
    elementTypes = List.copyOf(types);
    return types;
  }

  private void requireKeyColumnsFirst(List<String> labels) {
    for (int i = 0; i < query.keyColumns().size(); i++) {
      String column = query.keyColumns().get(i);
      String expected = column.substring(column.lastIndexOf('.') + 1);
      if (i >= labels.size() || !labels.get(i).equalsIgnoreCase(expected)) {
        throw new LoadException(
            "column "
                + (i + 1)
                + " of load is "
                + (i < labels.size() ? "\"" + labels.get(i) + "\"" : "missing")
                + "; expected the key column \""
                + expected
                + "\": select the key columns first, in the order of the key "
                + template);
      }
    }
  }

  /** PostgreSQL's detail and context may quote values; its primary message is kept for the rest. */
  private static String sentence(SQLException e) {
    String state = e.getSQLState();
    String what =
        e instanceof org.postgresql.util.PSQLException postgres
                && postgres.getServerErrorMessage() != null
            ? String.valueOf(postgres.getServerErrorMessage().getMessage())
            : String.valueOf(e.getMessage());
    return state != null && state.startsWith(DATA_EXCEPTION)
        ? "load failed on a value of its own (SQLSTATE " + state + ")"
        : "load failed: " + what + (state == null ? "" : " (SQLSTATE " + state + ")");
  }
}
