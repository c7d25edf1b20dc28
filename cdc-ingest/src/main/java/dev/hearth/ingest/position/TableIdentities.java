package dev.hearth.ingest.position;

import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * What decoding relies on of some tables, as the catalog says at one moment: the replica identity,
 * the columns of its index, and each column that rules read with the transaction that defined it.
 * The stream does not say when these change; so they are compared with the catalog whenever the
 * gate is asked. An ALTER TABLE that came before a change in the log is visible before the change
 * is. Immutable.
 *
 * @param names of the tables, {@code schema.table}
 * @param columns that rules read, of whichever table
 * @param text the definitions; equal where nothing changed
 */
public record TableIdentities(List<String> names, List<String> columns, String text) {
  /** One line for each of the tables that the first parameter names; the second names columns. */
  static final String QUERY =
      """
      coalesce((select string_agg(n.name || ' ' || coalesce(c.oid || ' ' || c.relkind::text
                                  || c.relreplident::text || coalesce(i.columns, '')
                                  || ' ' || coalesce(a.columns, ''), ''), e'\\n' order by n.place)
                  from unnest(?::text[]) with ordinality n(name, place)
                  left join pg_catalog.pg_class c
                    on c.oid = to_regclass(quote_ident(split_part(n.name, '.', 1)) || '.'
                                 || quote_ident(substr(n.name, strpos(n.name, '.') + 1)))
                  left join lateral (
                    select x.indkey::text || '/' || x.indnkeyatts as columns
                      from pg_catalog.pg_index x
                     where x.indrelid = c.oid
                       and ((c.relreplident <> 'i' and x.indisprimary)
                            or (c.relreplident = 'i' and x.indisreplident))) i on true
                  left join lateral (
                    select string_agg(b.attnum || ':' || b.xmin, ',' order by b.attnum) as columns
                      from pg_catalog.pg_attribute b
                     where b.attrelid = c.oid and b.attname = any(?::text[])
                       and b.attnum > 0 and not b.attisdropped) a on true), '')
      """;

  public TableIdentities {
    names = List.copyOf(names);
    columns = List.copyOf(columns);
  }

  /**
   * The definitions now.
   *
   * @param tables columns by table
   */
  public static TableIdentities read(Connection connection, Map<String, Set<String>> tables)
      throws SQLException {
    List<String> names = new ArrayList<>(new TreeSet<>(tables.keySet()));
    Set<String> columns = new TreeSet<>();
    tables.values().forEach(columns::addAll);
    try (PreparedStatement query = connection.prepareStatement("select " + QUERY)) {
      query.setArray(1, array(connection, names));
      query.setArray(2, array(connection, new ArrayList<>(columns)));
      try (ResultSet row = query.executeQuery()) {
        row.next();
        return new TableIdentities(names, new ArrayList<>(columns), row.getString(1));
      }
    }
  }

  /** Tables that are defined otherwise, or are others, than they were. */
  public Set<String> changedSince(TableIdentities before) {
    Map<String, String> now = lines();
    Map<String, String> then = before.lines();
    Set<String> changed = new TreeSet<>(now.keySet());
    changed.removeIf(
        name -> !then.containsKey(name) || Objects.equals(now.get(name), then.get(name)));
    return changed;
  }

  private Map<String, String> lines() {
    Map<String, String> lines = new TreeMap<>();
    String[] each = text.split("\n", -1);
    for (int i = 0; i < names.size() && i < each.length; i++) {
      lines.put(names.get(i), each[i]);
    }
    return lines;
  }

  static Array array(Connection connection, List<String> texts) throws SQLException {
    return connection.createArrayOf("text", texts.toArray());
  }
}
