package dev.hearth.ingest;

import dev.hearth.ingest.decode.ColumnType;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.postgresql.replication.LogSequenceNumber;

/** Reads from the catalog how tables are logged; decides nothing. */
final class CatalogReader {
  private CatalogReader() {}

  /**
   * A table, view or foreign table; empty where there is none of the name.
   *
   * @param slot the slot whose stream will be decoded; it need not exist yet
   */
  static Optional<CatalogTable> table(Connection connection, String slot, String name)
      throws SQLException {
    try (PreparedStatement query =
        connection.prepareStatement(
            """
            select c.oid, c.relkind::text, c.relpersistence::text, c.relreplident::text,
                   -- Who last wrote these rows was over before the slot's oldest transaction began;
                   -- a negative age is a frozen row's.
                   coalesce((select bool_and(age(x.written) > age(s.catalog_xmin) or age(x.written) < 0)
                               from pg_replication_slots s,
                                    (select c.xmin as written
                                     union all
                                     select i.xmin from pg_index i
                                      where i.indrelid = c.oid
                                        and (i.indisprimary or i.indisreplident)) x
                              where s.slot_name = ? and s.catalog_xmin is not null), true),
                   case when c.relkind = 'p' then (
                     select min(l.oid::regclass::text) from pg_partition_tree(c.oid) t
                       join pg_class l on l.oid = t.relid
                      where t.isleaf and l.relreplident not in ('d', 'f')) end,
                   case when c.relkind = 'p' then (
                     select min(l.oid::regclass::text) from pg_partition_tree(c.oid) t
                       join pg_class l on l.oid = t.relid
                      where t.isleaf and l.relpersistence = 'u') end
              from pg_class c join pg_namespace n on n.oid = c.relnamespace
             where n.nspname || '.' || c.relname = ? and c.relkind in ('r', 'p', 'v', 'm', 'f')
            """)) {
      query.setString(1, slot);
      query.setString(2, name);
      try (ResultSet row = query.executeQuery()) {
        if (!row.next()) {
          return Optional.empty();
        }
        long oid = row.getLong(1);
        boolean partitioned = row.getString(2).equals("p");
        // Of a partitioned table, only what every partition to come has as well.
        boolean byIndex = !partitioned && row.getString(4).equals("i");
        boolean byNothing = !partitioned && row.getString(4).equals("n");
        return Optional.of(
            new CatalogTable(
                row.getString(2),
                row.getString(3),
                row.getString(4).equals("f") && !partitioned,
                columns(connection, oid),
                byNothing
                    ? List.of()
                    : indexColumns(
                        connection, oid, byIndex ? "i.indisreplident" : "i.indisprimary"),
                row.getBoolean(5),
                Optional.ofNullable(row.getString(6)),
                Optional.ofNullable(row.getString(7))));
      }
    }
  }

  /** The end of the log now. */
  static long insertLsn(Connection connection) throws SQLException {
    try (PreparedStatement query =
            connection.prepareStatement("select pg_current_wal_insert_lsn()::text");
        ResultSet row = query.executeQuery()) {
      row.next();
      return LogSequenceNumber.valueOf(row.getString(1)).asLong();
    }
  }

  private static Map<String, CatalogTable.Column> columns(Connection connection, long oid)
      throws SQLException {
    Map<String, CatalogTable.Column> columns = new LinkedHashMap<>();
    try (PreparedStatement query =
        connection.prepareStatement(
            """
            with recursive base as (
              select a.attnum, a.attname, format_type(a.atttypid, a.atttypmod) as shown,
                     t.typname, t.typtype, t.typbasetype
                from pg_attribute a join pg_type t on t.oid = a.atttypid
               where a.attrelid = ? and a.attnum > 0 and not a.attisdropped
              union all
              select b.attnum, b.attname, b.shown, t.typname, t.typtype, t.typbasetype
                from base b join pg_type t on t.oid = b.typbasetype
               where b.typtype = 'd')
            select attname, shown, typname, typtype = 'e' from base where typtype <> 'd'
             order by attnum
            """)) {
      query.setLong(1, oid);
      try (ResultSet rows = query.executeQuery()) {
        while (rows.next()) {
          columns.put(
              rows.getString(1),
              new CatalogTable.Column(
                  rows.getString(2), ColumnType.of(rows.getString(3), rows.getBoolean(4))));
        }
      }
    }
    return columns;
  }

  private static List<String> indexColumns(Connection connection, long oid, String which)
      throws SQLException {
    return names(
        connection,
        "select a.attname from pg_index i"
            + " cross join unnest(i.indkey) with ordinality as k(attnum, position)"
            + " join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum"
            // Others are only included, and identify nothing.
            + " where i.indrelid = ? and k.position <= i.indnkeyatts and "
            + which
            + " order by k.position",
        oid);
  }

  private static List<String> names(Connection connection, String sql, long oid)
      throws SQLException {
    List<String> names = new ArrayList<>();
    try (PreparedStatement query = connection.prepareStatement(sql)) {
      query.setLong(1, oid);
      try (ResultSet rows = query.executeQuery()) {
        while (rows.next()) {
          names.add(rows.getString(1));
        }
      }
    }
    return names;
  }

  /** Names of tables that could have been meant, the first 10,000 of the alphabet. */
  static List<String> names(Connection connection) throws SQLException {
    List<String> all = new ArrayList<>();
    try (PreparedStatement query =
            connection.prepareStatement(
                "select schemaname || '.' || tablename from pg_tables where schemaname not in"
                    + " ('pg_catalog', 'information_schema') order by 1 limit 10000");
        ResultSet rows = query.executeQuery()) {
      while (rows.next()) {
        all.add(rows.getString(1));
      }
    }
    return all;
  }
}
