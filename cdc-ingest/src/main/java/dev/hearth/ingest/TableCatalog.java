package dev.hearth.ingest;

import dev.hearth.chassis.config.Problem;
import dev.hearth.chassis.config.Suggestion;
import dev.hearth.ingest.decode.ColumnType;
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

  /**
   * What was found.
   *
   * @param shapes of the tables that can be followed
   * @param unusable why the others cannot
   * @param problems all mistakes
   * @param warnings what will work at a cost
   */
  record Findings(
      Map<String, TableShape> shapes,
      Map<String, String> unusable,
      TableIdentities identities,
      List<Problem> problems,
      List<Problem> warnings) {

    /**
     * The same with all mistakes, and with further warnings.
     *
     * @param place where the configuration has a warning
     */
    Findings with(
        List<Problem> mistakes, List<Problem> further, UnaryOperator<List<Problem>> place) {
      List<Problem> all = new ArrayList<>(warnings);
      all.addAll(further);
      return new Findings(shapes, unusable, identities, mistakes, place.apply(all));
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
    Map<String, Set<String>> relied = new LinkedHashMap<>();
    Map<String, String> unusable = new LinkedHashMap<>();
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
      List<Problem> mistakes =
          found.map(table -> mistakes(named, own, table)).orElseGet(() -> new ArrayList<>());
      if (found.isEmpty()) {
        mistakes.add(new Problem(named.path(), missingTable(connection, named.table())));
      }
      problems.addAll(mistakes);
      Set<String> needed = new TreeSet<>();
      own.forEach(reference -> needed.add(reference.column()));
      relied.put(named.table(), needed);
      if (found.isEmpty() || !mistakes.isEmpty()) {
        unusable.put(named.table(), mistakes.get(0).message());
        continue;
      }
      Table table = found.get();
      Set<String> old = table.full() ? table.columns().keySet() : new TreeSet<>(table.identity());
      cost(
              named,
              table,
              own.stream().filter(reference -> !old.contains(reference.column())).toList())
          .ifPresent(warnings::add);
      shapes.put(
          named.table(),
          new TableShape(
              named.table(),
              table.identity(),
              needed,
              types(table, needed),
              old,
              table.full(),
              table.identityIsOld() ? 0 : insertLsn(connection)));
    }
    return new Findings(
        shapes, unusable, TableIdentities.read(connection, relied), problems, warnings);
  }

  private static List<Problem> mistakes(TableReference named, List<Reference> own, Table table) {
    List<Problem> mistakes = new ArrayList<>();
    if (!table.kind().equals("r") && !table.kind().equals("p")) {
      mistakes.add(
          new Problem(
              named.path(),
              named.table()
                  + " is a view or a foreign table, whose changes are not in the log; name the"
                  + " tables below it"));
      return mistakes;
    }
    if (table.persistence().equals("u")) {
      mistakes.add(
          new Problem(
              named.path(),
              named.table()
                  + " is unlogged, so that its changes are not in the log; run ALTER"
                  + " TABLE "
                  + named.table()
                  + " SET LOGGED"));
      return mistakes;
    }
    if (!table.full() && table.identity().isEmpty()) {
      // Publishing it would make the application's own UPDATE and DELETE fail.
      mistakes.add(
          new Problem(
              named.path(),
              named.table()
                  + " has no primary key and no other replica identity, so that PostgreSQL would"
                  + " refuse each UPDATE and DELETE of it once it is published; add a primary key"
                  + " or run ALTER TABLE "
                  + named.table()
                  + " REPLICA IDENTITY FULL"));
    }
    table
        .oddPartition()
        .ifPresent(
            partition ->
                mistakes.add(
                    new Problem(
                        named.path(),
                        "partition "
                            + partition
                            + " of "
                            + named.table()
                            + " has a replica identity of its own, so that its old rows cannot be"
                            + " told; run ALTER TABLE "
                            + partition
                            + " REPLICA IDENTITY DEFAULT")));
    for (Reference reference : own) {
      Column column = table.columns().get(reference.column());
      if (column == null) {
        mistakes.add(new Problem(reference.path(), missingColumn(reference, table)));
      } else if (column.type().isEmpty()) {
        mistakes.add(new Problem(reference.path(), unreadable(reference, column)));
      }
    }
    for (String name : table.identity()) {
      Column column = table.columns().get(name);
      if (column != null && column.type().isEmpty()) {
        mistakes.add(
            new Problem(
                named.path(),
                named.table()
                    + " is identified by "
                    + name
                    + " of the type "
                    + column.typeName()
                    + ", whose text in the log cannot be relied on; expected "
                    + ColumnType.KNOWN));
      }
    }
    return mistakes;
  }

  private static String unreadable(Reference reference, Column column) {
    return "\""
        + reference.text()
        + "\" reads "
        + reference.table()
        + "."
        + reference.column()
        + " of the type "
        + column.typeName()
        + ", whose text in the log cannot be relied on; expected "
        + ColumnType.KNOWN;
  }

  private static Map<String, ColumnType> types(Table table, Set<String> needed) {
    Set<String> read = new TreeSet<>(needed);
    read.addAll(table.identity());
    Map<String, ColumnType> types = new LinkedHashMap<>();
    read.forEach(
        name -> {
          Column column = table.columns().get(name);
          if (column != null) {
            column.type().ifPresent(type -> types.put(name, type));
          }
        });
    return types;
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
                    : ""),
            table.kind().equals("p")
                ? Optional.empty()
                : Optional.of(
                    new Problem.Cure(
                        "to have it in the log instead",
                        "ALTER TABLE " + named.table() + " REPLICA IDENTITY FULL"))));
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
   * @param columns by name, in order
   * @param identity columns that identify a row, in order
   * @param identityIsOld whether it was so before anything that the slot will stream
   * @param oddPartition a partition that logs something else of its old rows
   */
  private record Table(
      String kind,
      String persistence,
      boolean full,
      Map<String, Column> columns,
      List<String> identity,
      boolean identityIsOld,
      Optional<String> oddPartition) {}

  private record Column(String typeName, Optional<ColumnType> type) {}

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
                              where s.slot_name = ? and s.catalog_xmin is not null), true),
                   case when c.relkind = 'p' then (
                     select min(l.oid::regclass::text) from pg_partition_tree(c.oid) t
                       join pg_class l on l.oid = t.relid
                      where t.isleaf and l.relreplident not in ('d', 'f')) end
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
            new Table(
                row.getString(2),
                row.getString(3),
                row.getString(4).equals("f") && !partitioned,
                columns(connection, oid),
                byNothing
                    ? List.of()
                    : indexColumns(
                        connection, oid, byIndex ? "i.indisreplident" : "i.indisprimary"),
                row.getBoolean(5),
                Optional.ofNullable(row.getString(6))));
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

  private static Map<String, Column> columns(Connection connection, long oid) throws SQLException {
    Map<String, Column> columns = new LinkedHashMap<>();
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
              new Column(rows.getString(2), ColumnType.of(rows.getString(3), rows.getBoolean(4))));
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
        + String.join(", ", table.columns().keySet())
        + ")"
        + Suggestion.nearest(reference.column(), table.columns().keySet())
            .map(name -> "; did you mean '" + name + "'?")
            .orElse("; expected one of them");
  }
}
