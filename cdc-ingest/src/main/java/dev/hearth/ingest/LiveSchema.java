package dev.hearth.ingest;

import dev.hearth.chassis.condition.ColumnKind;
import dev.hearth.chassis.condition.ColumnType;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Reads tables and the types of their columns from the catalog. */
final class LiveSchema {
  private static final String TABLES =
      """
      select n.nspname || '.' || c.relname,
             (select rn.nspname || '.' || r.relname
                from pg_class r join pg_namespace rn on rn.oid = r.relnamespace
               where c.relispartition and r.oid = pg_partition_root(c.oid)),
             row_security_active(c.oid),
             array(select kn.nspname || '.' || k.relname
                     from pg_inherits i join pg_class k on k.oid = i.inhrelid
                     join pg_namespace kn on kn.oid = k.relnamespace
                    where i.inhparent = c.oid and not k.relispartition order by 1)
        from pg_class c join pg_namespace n on n.oid = c.relnamespace
       where n.nspname || '.' || c.relname = any(?) and c.relkind in ('r', 'p')
      """;

  /** A domain by what it stands for, also where that is a domain. */
  private static final String COLUMNS =
      """
      select n.nspname || '.' || c.relname, a.attname, t.typname, t.typtype::text,
             format_type(t.oid, case when b.depth = 0 then a.atttypmod else b.modifier end),
             not a.attnotnull, a.attgenerated <> '',
             has_column_privilege(c.oid, a.attnum, 'select'),
             array(select e.enumlabel::text from pg_enum e where e.enumtypid = t.oid
                    order by e.enumsortorder)
        from pg_class c join pg_namespace n on n.oid = c.relnamespace
        join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
       cross join lateral (
             with recursive stands_for(oid, depth, modifier) as (
               select a.atttypid, 0, -1
               union all
               select d.typbasetype, s.depth + 1,
                      case when d.typtypmod >= 0 then d.typtypmod else s.modifier end
                 from stands_for s join pg_type d on d.oid = s.oid where d.typtype = 'd')
             select s.oid, s.depth, s.modifier from stands_for s order by s.depth desc limit 1) b
        join pg_type t on t.oid = b.oid
       where n.nspname || '.' || c.relname = any(?) and c.relkind in ('r', 'p')
       order by c.oid, a.attnum
      """;

  private LiveSchema() {}

  /** Those of the tables that exist, by name. */
  static Map<String, LiveTable> read(Connection connection, Collection<String> names)
      throws SQLException {
    Map<String, Map<String, LiveTable.Column>> columns = new LinkedHashMap<>();
    try (PreparedStatement query = connection.prepareStatement(COLUMNS)) {
      query.setArray(1, text(connection, names));
      try (ResultSet row = query.executeQuery()) {
        while (row.next()) {
          columns
              .computeIfAbsent(row.getString(1), table -> new LinkedHashMap<>())
              .put(row.getString(2), column(row));
        }
      }
    }
    Map<String, LiveTable> tables = new LinkedHashMap<>();
    try (PreparedStatement query = connection.prepareStatement(TABLES)) {
      query.setArray(1, text(connection, names));
      try (ResultSet row = query.executeQuery()) {
        while (row.next()) {
          String name = row.getString(1);
          tables.put(
              name,
              new LiveTable(
                  name,
                  Optional.ofNullable(row.getString(2)),
                  row.getBoolean(3),
                  strings(row.getArray(4)),
                  columns.getOrDefault(name, Map.of())));
        }
      }
    }
    return tables;
  }

  private static LiveTable.Column column(ResultSet row) throws SQLException {
    boolean enumerated = row.getString(4).equals("e");
    return new LiveTable.Column(
        new ColumnType(
            enumerated ? ColumnKind.TEXT : kind(row.getString(3)),
            row.getString(5),
            strings(row.getArray(9))),
        enumerated ? "enum" : row.getString(3),
        row.getBoolean(6),
        row.getBoolean(7),
        row.getBoolean(8));
  }

  private static ColumnKind kind(String catalogName) {
    return switch (catalogName) {
      case "int2", "int4", "int8", "numeric", "float4", "float8", "oid" -> ColumnKind.NUMBER;
      case "text", "varchar", "bpchar", "citext", "uuid" -> ColumnKind.TEXT;
      case "bool" -> ColumnKind.BOOLEAN;
      case "date" -> ColumnKind.DATE;
      case "timestamp", "timestamptz" -> ColumnKind.TIMESTAMP;
      default -> ColumnKind.OTHER;
    };
  }

  private static Array text(Connection connection, Collection<String> names) throws SQLException {
    return connection.createArrayOf("text", names.toArray());
  }

  private static List<String> strings(Array array) throws SQLException {
    return List.of((String[]) array.getArray());
  }
}
