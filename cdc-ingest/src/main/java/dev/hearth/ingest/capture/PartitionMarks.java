package dev.hearth.ingest.capture;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Which partitions hold the rows of the partitioned tables among those that rules name, each with
 * the file of its rows: what comes or goes by TRUNCATE of a partition, ATTACH or DETACH is in no
 * change of a row. Immutable.
 *
 * @param byTable one text by table, {@code schema.table}
 */
public record PartitionMarks(Map<String, String> byTable) {
  private static final String QUERY =
      """
      select string_agg(l.oid || ':' || l.relfilenode || l.relreplident::text, ',' order by l.oid)
        from pg_catalog.pg_class c
       cross join lateral pg_catalog.pg_partition_tree(c.oid) t
        join pg_catalog.pg_class l on l.oid = t.relid
       where c.oid = to_regclass(?) and c.relkind = 'p'
      """;

  public PartitionMarks {
    byTable = Map.copyOf(byTable);
  }

  /** The partitions now. */
  public static PartitionMarks read(Connection connection, Set<String> tables, int timeoutSeconds)
      throws SQLException {
    Map<String, String> marks = new TreeMap<>();
    try (PreparedStatement query = connection.prepareStatement(QUERY)) {
      query.setQueryTimeout(timeoutSeconds);
      for (String table : tables) {
        query.setString(1, Sql.table(table));
        try (ResultSet row = query.executeQuery()) {
          String mark = row.next() ? row.getString(1) : null;
          if (mark != null) {
            marks.put(table, mark);
          }
        }
      }
    }
    return new PartitionMarks(marks);
  }

  /** Tables whose partitions are others than they were. */
  public Set<String> changedSince(PartitionMarks before) {
    Set<String> changed = new TreeSet<>(byTable.keySet());
    changed.retainAll(before.byTable().keySet());
    changed.removeIf(table -> Objects.equals(byTable.get(table), before.byTable().get(table)));
    return changed;
  }
}
