package dev.hearth.ingest.capture;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;

/**
 * Which partitions hold the rows of the partitioned tables among those that rules name, and the
 * file of each one's rows: what comes or goes by TRUNCATE of a partition, ATTACH or DETACH is in no
 * change of a row. Immutable.
 *
 * @param byTable by {@code schema.table}
 */
public record PartitionMarks(Map<String, Mark> byTable) {
  /**
   * Of one table, as texts that are equal where nothing changed.
   *
   * @param members the partitions, each with what put it there and how it is logged
   * @param files of their rows; another one after a TRUNCATE, and where rows are written anew
   */
  public record Mark(String members, String files) {}

  private static final String QUERY =
      """
      select string_agg(l.oid || ':' || l.relreplident::text || l.relpersistence::text || ':'
                        || coalesce(i.xmin::text, ''), ',' order by l.oid),
             string_agg(l.oid || ':' || l.relfilenode, ',' order by l.oid)
        from pg_catalog.pg_class c
       cross join lateral pg_catalog.pg_partition_tree(c.oid) t
        join pg_catalog.pg_class l on l.oid = t.relid
        left join pg_catalog.pg_inherits i on i.inhrelid = l.oid
       where c.oid = to_regclass(?) and c.relkind = 'p'
      """;

  public PartitionMarks {
    byTable = Map.copyOf(byTable);
  }

  /** The partitions now. */
  public static PartitionMarks read(Connection connection, Set<String> tables, int timeoutSeconds)
      throws SQLException {
    Map<String, Mark> marks = new TreeMap<>();
    try (PreparedStatement query = connection.prepareStatement(QUERY)) {
      query.setQueryTimeout(timeoutSeconds);
      for (String table : tables) {
        query.setString(1, Sql.table(table));
        try (ResultSet row = query.executeQuery()) {
          if (row.next() && row.getString(1) != null) {
            marks.put(table, new Mark(row.getString(1), row.getString(2)));
          }
        }
      }
    }
    return new PartitionMarks(marks);
  }

  /** Tables whose partitions, or their files, are others than they were. */
  public Set<String> changedSince(PartitionMarks before) {
    return changed(before, mark -> mark);
  }

  /** Tables whose partitions are others than they were, whatever their files are. */
  public Set<String> attachedOrDetachedSince(PartitionMarks before) {
    return changed(before, Mark::members);
  }

  private Set<String> changed(PartitionMarks before, Function<Mark, Object> part) {
    Set<String> changed = new TreeSet<>();
    byTable.forEach(
        (table, mark) -> {
          Mark then = before.byTable().get(table);
          if (then != null && !part.apply(then).equals(part.apply(mark))) {
            changed.add(table);
          }
        });
    return changed;
  }
}
