package dev.hearth.guarantees.oracle;

import dev.hearth.guarantees.oracle.Table.Column;
import dev.hearth.guarantees.oracle.Table.Identity;
import dev.hearth.guarantees.oracle.Table.Partitioning;
import dev.hearth.guarantees.oracle.Table.Reference;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/** Two to four tables that refer to one another, drawn at random. */
record Schema(String namespace, List<Table> tables) {
  private static final List<ColumnType> IDS =
      List.of(ColumnType.INT, ColumnType.BIGINT, ColumnType.UUID, ColumnType.TEXT);
  private static final List<ColumnType> ALL = Arrays.asList(ColumnType.values());
  private static final List<String> ON_DELETE =
      List.of("on delete no action", "on delete cascade", "on delete set null");
  private static final List<String> ON_UPDATE = List.of("on update no action", "on update cascade");

  static Schema random(String namespace, Dice dice) {
    List<Table> tables = new ArrayList<>();
    int count = dice.between(2, 4);
    for (int i = 0; i < count; i++) {
      tables.add(table(namespace, "t" + i, tables, dice));
    }
    return new Schema(namespace, tables);
  }

  private static Table table(String namespace, String name, List<Table> earlier, Dice dice) {
    Partitioning partitioning =
        dice.percent(80)
            ? Partitioning.NONE
            : dice.percent(50) ? Partitioning.HASH : Partitioning.LIST;
    List<Column> columns = new ArrayList<>();
    List<String> primaryKey = new ArrayList<>();
    columns.add(new Column("id", dice.one(IDS), false));
    primaryKey.add("id");
    if (partitioning == Partitioning.LIST || dice.percent(25)) {
      ColumnType type =
          partitioning == Partitioning.LIST
              ? ColumnType.INT
              : dice.one(List.of(ColumnType.INT, ColumnType.TEXT, ColumnType.DATE));
      columns.add(new Column("part", type, false));
      primaryKey.add("part");
    }
    Identity identity = dice.one(List.of(Identity.DEFAULT, Identity.FULL, Identity.FULL));
    List<String> unique = new ArrayList<>();
    if (partitioning == Partitioning.NONE && dice.percent(35)) {
      columns.add(new Column("code", dice.one(List.of(ColumnType.INT, ColumnType.TEXT)), false));
      unique.add("code");
      identity = dice.percent(60) ? Identity.INDEX : identity;
    }
    List<Reference> references = new ArrayList<>();
    // The table before, so that there are chains; and any other.
    for (int i = 0; i < Math.min(2, earlier.size()); i++) {
      Table parent = i == 0 ? earlier.get(earlier.size() - 1) : dice.one(earlier);
      String column = "r" + i;
      boolean enforced = parent.primaryKey().size() == 1 && dice.percent(60);
      String constraint = enforced ? dice.one(ON_DELETE) + " " + dice.one(ON_UPDATE) : "";
      columns.add(
          new Column(
              column,
              parent.column("id").type(),
              constraint.contains("set null") || dice.percent(70)));
      references.add(new Reference(column, parent, "id", constraint));
    }
    List.of("a", "b", "c")
        .subList(0, dice.between(1, 3))
        .forEach(column -> columns.add(new Column(column, dice.one(ALL), dice.percent(70))));
    columns.add(new Column("flag", ColumnType.BOOLEAN, dice.percent(50)));
    if (dice.percent(40)) {
      columns.add(new Column("wide", ColumnType.TEXT, true));
    }
    return new Table(
        namespace, name, columns, primaryKey, unique, references, identity, partitioning);
  }

  String ddl() {
    return "create schema "
        + namespace
        + ";\n"
        + tables.stream().map(Table::ddl).collect(Collectors.joining());
  }

  /** An edge of the schema: rows of the child name rows of the parent. */
  record Edge(Table child, Reference reference) {
    Table parent() {
      return reference.parent();
    }
  }

  List<Edge> edges() {
    return tables.stream()
        .flatMap(table -> table.references().stream().map(each -> new Edge(table, each)))
        .toList();
  }
}
