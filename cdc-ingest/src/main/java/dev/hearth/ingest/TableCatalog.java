package dev.hearth.ingest;

import dev.hearth.chassis.config.Problem;
import dev.hearth.chassis.config.Suggestion;
import dev.hearth.ingest.decode.ColumnType;
import dev.hearth.ingest.decode.TableShape;
import dev.hearth.ingest.position.TableIdentities;
import java.sql.Connection;
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

/** The tables that rules name against the source's catalog; all mistakes of the rules at once. */
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
      Optional<CatalogTable> found = CatalogReader.table(connection, slot, named.table());
      List<Problem> mistakes =
          found.map(table -> mistakes(named, own, table)).orElseGet(() -> new ArrayList<>());
      if (found.isEmpty()) {
        mistakes.add(
            new Problem(
                named.path(), missingTable(CatalogReader.names(connection), named.table())));
      }
      problems.addAll(mistakes);
      Set<String> needed = new TreeSet<>();
      own.forEach(reference -> needed.add(reference.column()));
      relied.put(named.table(), needed);
      if (found.isEmpty() || !mistakes.isEmpty()) {
        unusable.put(named.table(), mistakes.get(0).message());
        continue;
      }
      CatalogTable table = found.get();
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
              table.identityIsOld() ? 0 : CatalogReader.insertLsn(connection)));
    }
    return new Findings(
        shapes, unusable, TableIdentities.read(connection, relied), problems, warnings);
  }

  private static List<Problem> mistakes(
      TableReference named, List<Reference> own, CatalogTable table) {
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
    table
        .unloggedPartition()
        .ifPresent(
            partition ->
                mistakes.add(
                    new Problem(
                        named.path(),
                        "partition "
                            + partition
                            + " of "
                            + named.table()
                            + " is unlogged, so that its changes are not in the log; run ALTER"
                            + " TABLE "
                            + partition
                            + " SET LOGGED")));
    for (Reference reference : own) {
      CatalogTable.Column column = table.columns().get(reference.column());
      if (column == null) {
        mistakes.add(new Problem(reference.path(), missingColumn(reference, table)));
      } else if (column.type().isEmpty()) {
        mistakes.add(new Problem(reference.path(), unreadable(reference, column)));
      }
    }
    for (String name : table.identity()) {
      CatalogTable.Column column = table.columns().get(name);
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

  private static String unreadable(Reference reference, CatalogTable.Column column) {
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

  private static Map<String, ColumnType> types(CatalogTable table, Set<String> needed) {
    Set<String> read = new TreeSet<>(needed);
    read.addAll(table.identity());
    Map<String, ColumnType> types = new LinkedHashMap<>();
    read.forEach(
        name -> {
          CatalogTable.Column column = table.columns().get(name);
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
      TableReference named, CatalogTable table, List<Reference> unlogged) {
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

  private static String missingTable(List<String> all, String table) {
    return "there is no table "
        + table
        + Suggestion.nearest(table, all)
            .map(name -> "; did you mean '" + name + "'?")
            .orElse("; expected schema.table of one that exists");
  }

  private static String missingColumn(Reference reference, CatalogTable table) {
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
