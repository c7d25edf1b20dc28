package dev.hearth.ingest;

import dev.hearth.chassis.config.Problem;
import dev.hearth.chassis.config.Suggestion;
import dev.hearth.ingest.decode.TableShape;
import dev.hearth.ingest.position.TableIdentities;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.UnaryOperator;
import org.postgresql.replication.LogSequenceNumber;

/**
 * What the source's catalog says of the tables that rules name; all mistakes of the rules at once.
 */
final class TableCatalog {
  private TableCatalog() {}

  /** What a rule reads a column for. */
  enum Use {
    /** To make a key: without the old value, a moved row's old key is not known. */
    KEY,
    /** To tell whether a change matters: without the old value, every update matters. */
    FILTER,
    /** To reach the rows of another table, or to name them; changes may void whole caches. */
    THROUGH
  }

  /** A column that a rule reads, and where in the configuration it says so. */
  record Reference(String path, String text, String table, String column, Use use) {}

  /** A table that a rule names, and where in the configuration it says so. */
  record TableReference(String path, String table) {}

  /** What was found: shapes by table, mistakes, and what will work at a cost. */
  record Findings(
      Map<String, TableShape> shapes,
      TableIdentities identities,
      List<Problem> problems,
      List<Problem> warnings) {

    /**
     * The same with further warnings.
     *
     * @param place where the configuration has a warning
     */
    Findings with(List<Problem> further, UnaryOperator<List<Problem>> place) {
      List<Problem> all = new ArrayList<>(warnings);
      all.addAll(further);
      return new Findings(shapes, identities, problems, place.apply(all));
    }
  }

  /**
   * Reads the catalog.
   *
   * @param slot the slot whose stream will be decoded; it need not exist yet
   */
  static Findings read(
      Connection connection, String slot, List<TableReference> tables, List<Reference> references)
      throws SQLException {
    List<Long> oids = new ArrayList<>();
    Map<String, TableShape> shapes = new LinkedHashMap<>();
    List<Problem> problems = new ArrayList<>();
    List<Problem> warnings = new ArrayList<>();
    for (TableReference named : onePerTable(tables)) {
      List<Reference> own =
          references.stream()
              .filter(reference -> reference.table().equals(named.table()))
              .distinct()
              .toList();
      Optional<Table> found = table(connection, slot, named.table());
      if (found.isEmpty()) {
        problems.add(new Problem(named.path(), missingTable(connection, named.table())));
        continue;
      }
      Table table = found.get();
      if (!table.kind().equals("r") && !table.kind().equals("p")) {
        problems.add(
            new Problem(
                named.path(),
                named.table()
                    + " is a view or a foreign table, whose changes are not in the log; name the"
                    + " tables below it"));
        continue;
      }
      if (table.persistence().equals("u")) {
        problems.add(
            new Problem(
                named.path(),
                named.table()
                    + " is unlogged, so that its changes are not in the log; run ALTER"
                    + " TABLE "
                    + named.table()
                    + " SET LOGGED"));
        continue;
      }
      if (!table.full() && table.identity().isEmpty()) {
        // Publishing it would make the application's own UPDATE and DELETE fail.
        problems.add(
            new Problem(
                named.path(),
                named.table()
                    + " has no primary key and no other replica identity, so that PostgreSQL would"
                    + " refuse each UPDATE and DELETE of it once it is published; add a primary key"
                    + " or run ALTER TABLE "
                    + named.table()
                    + " REPLICA IDENTITY FULL"));
      }
      for (Reference reference : own) {
        if (!table.columns().contains(reference.column())) {
          problems.add(new Problem(reference.path(), missingColumn(reference, table)));
        }
      }
      Set<String> needed = new TreeSet<>();
      own.stream()
          .filter(reference -> table.columns().contains(reference.column()))
          .forEach(reference -> needed.add(reference.column()));
      Set<String> old = table.full() ? new TreeSet<>(table.columns()) : table.identity();
      cost(
              named,
              table,
              own.stream()
                  .filter(reference -> table.columns().contains(reference.column()))
                  .filter(reference -> !old.contains(reference.column()))
                  .toList())
          .ifPresent(warnings::add);
      oids.add(table.oid());
      shapes.put(
          named.table(),
          new TableShape(
              named.table(),
              table.primaryKey(),
              needed,
              old,
              table.full(),
              table.identityIsOld() ? 0 : insertLsn(connection)));
    }
    return new Findings(shapes, TableIdentities.read(connection, oids), problems, warnings);
  }

  /** Each table once, where it is first named. */
  private static Collection<TableReference> onePerTable(List<TableReference> tables) {
    Map<String, TableReference> each = new LinkedHashMap<>();
    tables.forEach(named -> each.putIfAbsent(named.table(), named));
    return each.values();
  }

  /**
   * What it takes to know old values.
   *
   * @param unlogged what is read of the table and not in its old rows
   */
  private static Optional<Problem> cost(
      TableReference named, Table table, List<Reference> unlogged) {
    Set<String> inKeys = columns(unlogged, Use.KEY);
    Set<String> looked = columns(unlogged, Use.FILTER);
    looked.removeAll(inKeys);
    if (inKeys.isEmpty() && looked.isEmpty()) {
      return Optional.empty();
    }
    Set<String> all = new TreeSet<>(inKeys);
    all.addAll(looked);
    List<String> until = new ArrayList<>();
    if (!inKeys.isEmpty()) {
      until.add("voids the caches whose keys are made of " + String.join(", ", inKeys));
    }
    if (!looked.isEmpty()) {
      until.add("counts as a change of " + String.join(", ", looked));
    }
    return Optional.of(
        new Problem(
            named.path(),
            "the log has no old value of "
                + String.join(", ", all)
                + " of "
                + named.table()
                + ": Hearth keeps it for each row, on disk, and reads all rows once; until it knows"
                + " a row, an update or delete of it "
                + String.join(", and ", until)
                + (table.kind().equals("p")
                    ? "; of a partitioned table only the primary key's is there for certain, since"
                        + " a new partition does not take over REPLICA IDENTITY FULL"
                    : "; to have it in the log instead run ALTER TABLE "
                        + named.table()
                        + " REPLICA IDENTITY FULL")));
  }

  private static Set<String> columns(List<Reference> references, Use use) {
    Set<String> names = new TreeSet<>();
    references.stream()
        .filter(reference -> reference.use() == use)
        .forEach(reference -> names.add(reference.column()));
    return names;
  }

  /**
   * One table of the catalog.
   *
   * @param full whether whole old rows are logged, now and for every partition to come
   * @param identityIsOld whether it was so before anything that the slot will stream
   */
  private record Table(
      long oid,
      String kind,
      String persistence,
      boolean full,
      List<String> columns,
      List<String> primaryKey,
      Set<String> identity,
      boolean identityIsOld) {}

  private static Optional<Table> table(Connection connection, String slot, String name)
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
                              where s.slot_name = ? and s.catalog_xmin is not null), true)
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
        String identity = row.getString(4);
        List<String> primaryKey = indexColumns(connection, oid, "i.indisprimary");
        boolean partitioned = row.getString(2).equals("p");
        Set<String> old =
            switch (partitioned ? "d" : identity) {
              case "d" -> new TreeSet<>(primaryKey);
              case "i" -> new TreeSet<>(indexColumns(connection, oid, "i.indisreplident"));
              default -> Set.of();
            };
        return Optional.of(
            new Table(
                oid,
                row.getString(2),
                row.getString(3),
                identity.equals("f") && !partitioned,
                columns(connection, oid),
                primaryKey,
                old,
                row.getBoolean(5)));
      }
    }
  }

  private static long insertLsn(Connection connection) throws SQLException {
    try (PreparedStatement query =
            connection.prepareStatement("select pg_current_wal_insert_lsn()::text");
        ResultSet row = query.executeQuery()) {
      row.next();
      return LogSequenceNumber.valueOf(row.getString(1)).asLong();
    }
  }

  private static List<String> columns(Connection connection, long oid) throws SQLException {
    return names(
        connection,
        "select attname from pg_attribute where attrelid = ? and attnum > 0 and not attisdropped"
            + " order by attnum",
        oid);
  }

  private static List<String> indexColumns(Connection connection, long oid, String which)
      throws SQLException {
    return names(
        connection,
        "select a.attname from pg_index i"
            + " cross join unnest(i.indkey) with ordinality as k(attnum, position)"
            + " join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum"
            + " where i.indrelid = ? and "
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

  private static String missingTable(Connection connection, String table) throws SQLException {
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
    return "there is no table "
        + table
        + Suggestion.nearest(table, all)
            .map(name -> "; did you mean '" + name + "'?")
            .orElse("; expected schema.table of one that exists");
  }

  private static String missingColumn(Reference reference, Table table) {
    return "\""
        + reference.text()
        + "\" names no column of "
        + reference.table()
        + " ("
        + String.join(", ", table.columns())
        + ")"
        + Suggestion.nearest(reference.column(), table.columns())
            .map(name -> "; did you mean '" + name + "'?")
            .orElse("; expected one of them");
  }
}
