package dev.hearth.cli.init;

import java.util.List;

/**
 * A table of the user's schema.
 *
 * @param columns all of them, in the table's order
 * @param primaryKey its columns in the key's order; empty where there is none
 * @param parents where its foreign keys lead
 */
public record Table(
    String schema,
    String name,
    List<String> columns,
    List<String> primaryKey,
    List<Parent> parents) {

  /**
   * A foreign key to the primary key of another table.
   *
   * @param columns of the child, in the order of the parent's primary key
   */
  public record Parent(String schema, String name, List<String> columns) {
    String qualified() {
      return schema + "." + name;
    }
  }

  public Table {
    columns = List.copyOf(columns);
    primaryKey = List.copyOf(primaryKey);
    parents = List.copyOf(parents);
  }

  String qualified() {
    return schema + "." + name;
  }
}
