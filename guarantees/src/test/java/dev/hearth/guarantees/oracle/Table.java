package dev.hearth.guarantees.oracle;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * A table of a random schema.
 *
 * @param namespace PostgreSQL's schema
 * @param columns those of the primary key first
 * @param unique not null and unique, beside the primary key; may be empty
 */
record Table(
    String namespace,
    String name,
    List<Column> columns,
    List<String> primaryKey,
    List<String> unique,
    List<Reference> references,
    Identity identity,
    Partitioning partitioning) {

  record Column(String name, ColumnType type, boolean nullable) {}

  /**
   * A column that names rows of another table.
   *
   * @param constraint what follows {@code references ...}; empty without a foreign key, so that it
   *     may name none
   */
  record Reference(String column, Table parent, String parentColumn, String constraint) {}

  enum Identity {
    DEFAULT,
    FULL,
    INDEX
  }

  enum Partitioning {
    NONE,
    HASH,
    LIST
  }

  String qualified() {
    return namespace + "." + name;
  }

  Column column(String named) {
    return columns.stream().filter(column -> column.name().equals(named)).findFirst().orElseThrow();
  }

  boolean isPrimary(String column) {
    return primaryKey.contains(column);
  }

  /** Columns that are not of the primary key. */
  List<Column> others() {
    return columns.stream().filter(column -> !isPrimary(column.name())).toList();
  }

  List<String> partitions() {
    return partitioning == Partitioning.NONE
        ? List.of()
        : List.of(qualified() + "_p0", qualified() + "_p1");
  }

  String ddl() {
    List<String> lines = new ArrayList<>();
    for (Column column : columns) {
      lines.add(
          column.name()
              + " "
              + column.type().sql()
              + (column.nullable() ? "" : " not null")
              + (column.name().equals("wide") ? " storage external" : "")
              + constraint(column.name()));
    }
    lines.add("primary key (" + String.join(", ", primaryKey) + ")");
    unique.forEach(column -> lines.add("unique (" + column + ")"));
    StringBuilder ddl = new StringBuilder("create table ").append(qualified()).append(" (\n  ");
    ddl.append(String.join(",\n  ", lines)).append(")");
    switch (partitioning) {
      case NONE -> ddl.append(";\n");
      case HASH -> {
        ddl.append(" partition by hash (").append(primaryKey.get(0)).append(");\n");
        for (int i = 0; i < 2; i++) {
          ddl.append(
              "create table %s_p%d partition of %s for values with (modulus 2, remainder %d);\n"
                  .formatted(qualified(), i, qualified(), i));
        }
      }
      case LIST -> {
        ddl.append(" partition by list (").append(primaryKey.get(1)).append(");\n");
        ddl.append(
            "create table %s_p0 partition of %s for values in ('10', '11', '12', '13', '14');\n"
                .formatted(qualified(), qualified()));
        ddl.append(
            "create table %s_p1 partition of %s default;\n".formatted(qualified(), qualified()));
      }
    }
    switch (identity) {
      case DEFAULT -> {}
      case FULL -> {
        ddl.append("alter table ").append(qualified()).append(" replica identity full;\n");
        partitions()
            .forEach(
                partition ->
                    ddl.append("alter table ")
                        .append(partition)
                        .append(" replica identity full;\n"));
      }
      case INDEX ->
          ddl.append(
              "alter table %s replica identity using index %s_%s_key;\n"
                  .formatted(qualified(), name, unique.get(0)));
    }
    return ddl.toString();
  }

  private String constraint(String column) {
    return references.stream()
        .filter(reference -> reference.column().equals(column) && !reference.constraint().isEmpty())
        .map(
            reference ->
                " references "
                    + reference.parent().qualified()
                    + " ("
                    + reference.parentColumn()
                    + ") "
                    + reference.constraint())
        .collect(Collectors.joining());
  }
}
