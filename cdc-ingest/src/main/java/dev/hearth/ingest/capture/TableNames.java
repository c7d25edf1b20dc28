package dev.hearth.ingest.capture;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/** Names of the tables whose changes can be followed. */
public final class TableNames {
  /** Partitions have the name of their root in the log, and temporary tables are not in it. */
  private static final String QUERY =
      """
      select n.nspname || '.' || c.relname
        from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
       where c.relkind in ('r', 'p') and not c.relispartition and c.relpersistence = 'p'
         and n.nspname not in ('pg_catalog', 'information_schema')
       order by 1
      """;

  private TableNames() {}

  /** All of them now, {@code schema.table}, in the alphabet. */
  public static List<String> read(Connection connection) throws SQLException {
    List<String> names = new ArrayList<>();
    try (PreparedStatement query = connection.prepareStatement(QUERY);
        ResultSet rows = query.executeQuery()) {
      while (rows.next()) {
        names.add(rows.getString(1));
      }
    }
    return names;
  }
}
