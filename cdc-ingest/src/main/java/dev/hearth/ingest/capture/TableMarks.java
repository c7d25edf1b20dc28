package dev.hearth.ingest.capture;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;

/**
 * What the catalog shows of each table that rules name and its log does not tell: columns altered,
 * rows written anew into another file (ALTER TABLE, VACUUM FULL), partitions truncated, attached or
 * detached. Immutable.
 *
 * @param byTable by {@code schema.table}
 */
public record TableMarks(Map<String, Mark> byTable) {
  private static final int DIGEST_BYTES = 16;

  /**
   * Of one table, as texts that are equal where nothing changed.
   *
   * @param members the table, or its partitions, each with what put it there and how it is logged
   * @param files of their rows; another one after a TRUNCATE, and where rows are written anew
   * @param columns each with the transaction that defined it
   * @param writer of a table without partitions, the lower 32 bits of the transaction that last
   *     wrote its catalog row: where the file is another one, that one's or a later one's
   */
  public record Mark(String members, String files, String columns, OptionalInt writer) {
    /** Equal where members, files and columns are; whoever wrote them. */
    public String digest() {
      try {
        byte[] all =
            MessageDigest.getInstance("SHA-256")
                .digest(
                    String.join("\n", members, files, columns).getBytes(StandardCharsets.UTF_8));
        return HexFormat.of().formatHex(all, 0, DIGEST_BYTES);
      } catch (NoSuchAlgorithmException e) {
        throw new IllegalStateException("every Java has SHA-256", e);
      }
    }

    private boolean isSame(Mark other, Function<Mark, String> part) {
      return part.apply(this).equals(part.apply(other));
    }
  }

  private static final String QUERY =
      """
      select n.name,
             string_agg(l.oid || ':' || l.relpersistence::text
                        || case when c.relkind = 'p' then l.relreplident::text else '' end || ':'
                        || coalesce(i.xmin::text, ''), ',' order by l.oid, i.inhseqno),
             string_agg(l.oid || ':' || l.relfilenode, ',' order by l.oid, i.inhseqno),
             coalesce((select string_agg(a.attnum || ':' || a.xmin, ',' order by a.attnum)
                         from pg_catalog.pg_attribute a
                        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped), ''),
             case when c.relkind = 'r' then c.xmin::text end
        from unnest(?::text[]) n(name)
        join pg_catalog.pg_class c
          on c.oid = to_regclass(quote_ident(split_part(n.name, '.', 1)) || '.'
                       || quote_ident(substr(n.name, strpos(n.name, '.') + 1)))
         and c.relkind in ('r', 'p')
       cross join lateral (
             select c.oid as relid
              union
             select t.relid from pg_catalog.pg_partition_tree(c.oid) t) p
        join pg_catalog.pg_class l on l.oid = p.relid
        left join pg_catalog.pg_inherits i on i.inhrelid = l.oid
       group by n.name, c.oid, c.relkind, c.xmin::text
      """;

  public TableMarks {
    byTable = Map.copyOf(byTable);
  }

  /** The tables now; one that does not exist is left out. */
  public static TableMarks read(Connection connection, Set<String> tables, int timeoutSeconds)
      throws SQLException {
    Map<String, Mark> marks = new TreeMap<>();
    try (PreparedStatement query = connection.prepareStatement(QUERY)) {
      query.setQueryTimeout(timeoutSeconds);
      query.setArray(1, connection.createArrayOf("text", tables.toArray()));
      try (ResultSet row = query.executeQuery()) {
        while (row.next()) {
          String writer = row.getString(5);
          marks.put(
              row.getString(1),
              new Mark(
                  row.getString(2),
                  row.getString(3),
                  row.getString(4),
                  writer == null
                      ? OptionalInt.empty()
                      : OptionalInt.of(Integer.parseUnsignedInt(writer))));
        }
      }
    }
    return new TableMarks(marks);
  }

  /** Tables of which something is otherwise than it was. */
  public Set<String> changedSince(TableMarks before) {
    Set<String> changed = changed(before, Mark::members);
    changed.addAll(changed(before, Mark::files));
    changed.addAll(changed(before, Mark::columns));
    return changed;
  }

  /** Tables whose partitions are others than they were, whatever their files are. */
  public Set<String> attachedOrDetachedSince(TableMarks before) {
    return changed(before, Mark::members);
  }

  /**
   * Who last wrote the catalog row of a table of which nothing but the file is another one; empty
   * where more is, or where it has partitions.
   */
  public OptionalInt writerOfTheFileAlone(TableMarks before, String table) {
    Optional<Mark> then = Optional.ofNullable(before.byTable().get(table));
    Optional<Mark> now = Optional.ofNullable(byTable.get(table));
    return then.isPresent()
            && now.isPresent()
            && now.get().isSame(then.get(), Mark::members)
            && now.get().isSame(then.get(), Mark::columns)
        ? now.get().writer()
        : OptionalInt.empty();
  }

  private Set<String> changed(TableMarks before, Function<Mark, String> part) {
    Set<String> changed = new TreeSet<>();
    byTable.forEach(
        (table, mark) -> {
          Mark then = before.byTable().get(table);
          if (then != null && !mark.isSame(then, part)) {
            changed.add(table);
          }
        });
    return changed;
  }
}
