package dev.hearth.guarantees.oracle;

import dev.hearth.guarantees.oracle.Table.Column;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Random statements over a schema: what applications, migrations and people do to tables. */
final class Writer {
  static final String COPY = "copy ";

  private final Schema schema;
  private final Dice dice;

  Writer(Schema schema, Dice dice) {
    this.schema = schema;
    this.dice = dice;
  }

  String statement() {
    Table table = dice.one(schema.tables());
    int kind = dice.below(100);
    if (kind < 3) {
      return copy(table);
    } else if (kind < 34) {
      return insert(table, dice.percent(80) ? 1 : dice.between(2, 5));
    } else if (kind < 80) {
      return update(table);
    } else if (kind < 97) {
      return delete(table);
    }
    return truncate(table);
  }

  private String insert(Table table, int rows) {
    String target = table.qualified();
    if (!table.partitions().isEmpty() && dice.percent(10)) {
      target = dice.one(table.partitions());
    }
    String sql =
        "insert into "
            + target
            + " ("
            + table.columns().stream().map(Column::name).collect(Collectors.joining(", "))
            + ") values "
            + IntStream.range(0, rows)
                .mapToObj(i -> values(table))
                .collect(Collectors.joining(", "));
    int conflict = dice.below(10);
    if (conflict < 3) {
      return sql + " on conflict do nothing";
    } else if (conflict < 6 && rows == 1) {
      Column column = dice.one(table.others());
      return sql
          + " on conflict ("
          + String.join(", ", table.primaryKey())
          + ") do update set "
          + column.name()
          + " = excluded."
          + column.name();
    }
    return sql;
  }

  /** A COPY with its rows behind the first line. */
  private String copy(Table table) {
    return COPY
        + table.qualified()
        + " ("
        + table.columns().stream().map(Column::name).collect(Collectors.joining(", "))
        + ") from stdin\n"
        + IntStream.range(0, dice.between(1, 3))
            .mapToObj(
                row ->
                    table.columns().stream().map(this::copied).collect(Collectors.joining("\t"))
                        + "\n")
            .collect(Collectors.joining());
  }

  private String copied(Column column) {
    return column.nullable() && dice.percent(15) ? "\\N" : column.type().copied(dice);
  }

  private String values(Table table) {
    return table.columns().stream()
        .map(column -> value(table, column))
        .collect(Collectors.joining(", ", "(", ")"));
  }

  /** A value, a row's of the parent where there has to be one, or NULL. */
  private String value(Table table, Column column) {
    if (column.nullable() && dice.percent(15)) {
      return "null";
    }
    if (column.name().equals("wide")) {
      // Incompressible and longer than a page's quarter, so that it is stored out of line.
      return dice.percent(60)
          ? "(select string_agg(md5(i::text || '"
              + dice.below(1000)
              + "'), '') from generate_series(1, 100) i)"
          : ColumnType.TEXT.literal(dice);
    }
    return table.references().stream()
        .filter(reference -> reference.column().equals(column.name()) && dice.percent(70))
        .findFirst()
        .map(reference -> "(" + someRow(reference.parent(), reference.parentColumn()) + ")")
        .orElseGet(() -> column.type().literal(dice));
  }

  /** One row, the same whenever the table has the same rows. */
  private String someRow(Table table, String columns) {
    return "select "
        + columns
        + " from "
        + table.qualified()
        + " order by md5(row("
        + String.join(", ", table.primaryKey())
        + ")::text || '"
        + dice.below(1000)
        + "') limit 1";
  }

  private String update(Table table) {
    return "update " + table.qualified() + " set " + assignments(table) + where(table);
  }

  private String assignments(Table table) {
    int kind = dice.below(100);
    if (kind < 8) {
      Column same = dice.one(table.columns());
      return same.name() + " = " + same.name();
    }
    List<Column> from;
    if (kind < 20) {
      from = table.columns().stream().filter(column -> !column.nullable()).toList();
    } else if (kind < 45 && !table.references().isEmpty()) {
      from = table.references().stream().map(each -> table.column(each.column())).toList();
    } else {
      from = table.others();
    }
    List<Column> set = dice.percent(70) ? List.of(dice.one(from)) : dice.some(from, 1);
    return set.stream()
        .map(column -> column.name() + " = " + value(table, column))
        .collect(Collectors.joining(", "));
  }

  private String where(Table table) {
    int kind = dice.below(100);
    String key = String.join(", ", table.primaryKey());
    if (kind < 80) {
      return " where (" + key + ") = (" + someRow(table, key) + ")";
    } else if (kind < 97) {
      Column column = dice.one(table.columns());
      return " where " + column.name() + " = " + column.type().literal(dice);
    }
    return "";
  }

  private String delete(Table table) {
    return "delete from " + table.qualified() + where(table);
  }

  private String truncate(Table table) {
    if (dice.percent(80)) {
      // Most of the time nearly a truncate, so that tables are not empty all the time.
      return delete(table);
    }
    if (!table.partitions().isEmpty() && dice.percent(15)) {
      return "truncate " + dice.one(table.partitions());
    }
    return "truncate " + table.qualified() + (dice.percent(70) ? " cascade" : "");
  }
}
