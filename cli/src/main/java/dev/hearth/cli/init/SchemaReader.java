package dev.hearth.cli.init;

import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** Reads tables, primary keys and foreign keys; changes nothing. */
public final class SchemaReader {
  private static final Set<String> SYSTEM = Set.of("pg_catalog", "information_schema");

  private SchemaReader() {}

  /** All tables of the database, partitions left out, by schema and name. */
  public static List<Table> read(Connection connection) throws SQLException {
    DatabaseMetaData metadata = connection.getMetaData();
    List<Table> tables = new ArrayList<>();
    try (ResultSet rows =
        metadata.getTables(
            connection.getCatalog(), null, "%", new String[] {"TABLE", "PARTITIONED TABLE"})) {
      while (rows.next()) {
        String schema = rows.getString("TABLE_SCHEM");
        String name = rows.getString("TABLE_NAME");
        if (!SYSTEM.contains(schema) && !isPartition(connection, schema, name)) {
          tables.add(
              new Table(
                  schema,
                  name,
                  columns(metadata, schema, name),
                  primaryKey(metadata, schema, name),
                  parents(metadata, schema, name)));
        }
      }
    }
    return tables;
  }

  private static boolean isPartition(Connection connection, String schema, String name)
      throws SQLException {
    try (var query =
        connection.prepareStatement(
            "select c.relispartition from pg_class c join pg_namespace n on n.oid = c.relnamespace"
                + " where n.nspname = ? and c.relname = ?")) {
      query.setString(1, schema);
      query.setString(2, name);
      try (ResultSet row = query.executeQuery()) {
        return row.next() && row.getBoolean(1);
      }
    }
  }

  private static List<String> columns(DatabaseMetaData metadata, String schema, String table)
      throws SQLException {
    List<String> columns = new ArrayList<>();
    try (ResultSet rows = metadata.getColumns(null, schema, table, "%")) {
      while (rows.next()) {
        // The table's name is a pattern to JDBC, in which _ stands for any letter.
        if (table.equals(rows.getString("TABLE_NAME"))) {
          columns.add(rows.getString("COLUMN_NAME"));
        }
      }
    }
    return columns;
  }

  private static List<String> primaryKey(DatabaseMetaData metadata, String schema, String table)
      throws SQLException {
    Map<Integer, String> columns = new TreeMap<>();
    try (ResultSet rows = metadata.getPrimaryKeys(null, schema, table)) {
      while (rows.next()) {
        columns.put(rows.getInt("KEY_SEQ"), rows.getString("COLUMN_NAME"));
      }
    }
    return List.copyOf(columns.values());
  }

  private record Target(String schema, String name) {}

  private static List<Table.Parent> parents(DatabaseMetaData metadata, String schema, String table)
      throws SQLException {
    Map<String, Target> targets = new LinkedHashMap<>();
    Map<String, Map<String, String>> columns = new LinkedHashMap<>();
    try (ResultSet rows = metadata.getImportedKeys(null, schema, table)) {
      while (rows.next()) {
        String key = rows.getString("FK_NAME");
        targets.put(
            key, new Target(rows.getString("PKTABLE_SCHEM"), rows.getString("PKTABLE_NAME")));
        columns
            .computeIfAbsent(key, name -> new LinkedHashMap<>())
            .put(rows.getString("PKCOLUMN_NAME"), rows.getString("FKCOLUMN_NAME"));
      }
    }
    List<Table.Parent> parents = new ArrayList<>();
    for (Map.Entry<String, Target> each : targets.entrySet()) {
      Target target = each.getValue();
      Map<String, String> pairs = columns.getOrDefault(each.getKey(), Map.of());
      List<String> parentKey = primaryKey(metadata, target.schema(), target.name());
      // A foreign key may lead to another unique key, which names no cached key.
      if (!parentKey.isEmpty() && pairs.keySet().equals(Set.copyOf(parentKey))) {
        parents.add(
            new Table.Parent(
                target.schema(),
                target.name(),
                parentKey.stream().map(column -> String.valueOf(pairs.get(column))).toList()));
      }
    }
    return parents;
  }
}
