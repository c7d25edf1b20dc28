package dev.hearth.ingest.position;

import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;

/**
 * What the log carries of old rows of some tables, as the catalog says at one moment: the replica
 * identity and the columns of its index. Decoding relies on it, and the stream does not say when it
 * changes; so it is compared with the catalog whenever the gate is asked. An ALTER TABLE that came
 * before a change in the log is visible before the change is. Immutable.
 *
 * @param oids of the tables
 * @param text the identities; equal where nothing changed
 */
public record TableIdentities(List<Long> oids, String text) {
  /** One text for the tables whose oids are the parameter. */
  static final String QUERY =
      """
      coalesce((select string_agg(c.oid || ' ' || c.relkind::text || c.relreplident::text
                                  || coalesce(i.indkey::text, ''), ', ' order by c.oid)
                  from pg_catalog.pg_class c
                  left join pg_catalog.pg_index i
                    on i.indrelid = c.oid
                   and ((c.relreplident = 'd' and i.indisprimary)
                        or (c.relreplident = 'i' and i.indisreplident))
                 where c.oid = any(?)), '')
      """;

  public TableIdentities {
    oids = List.copyOf(oids);
  }

  /** The identities now. */
  public static TableIdentities read(Connection connection, List<Long> oids) throws SQLException {
    try (PreparedStatement query = connection.prepareStatement("select " + QUERY)) {
      query.setArray(1, array(connection, oids));
      try (ResultSet row = query.executeQuery()) {
        row.next();
        return new TableIdentities(oids, row.getString(1));
      }
    }
  }

  static Array array(Connection connection, List<Long> oids) throws SQLException {
    return connection.createArrayOf("oid", oids.toArray());
  }
}
