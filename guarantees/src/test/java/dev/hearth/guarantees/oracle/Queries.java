package dev.hearth.guarantees.oracle;

import dev.hearth.guarantees.oracle.Schema.Edge;
import dev.hearth.guarantees.oracle.Table.Column;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Random queries over a schema, each with the rules that a person derives from its text. */
final class Queries {
  private final Schema schema;
  private final Dice dice;
  private String cache = "";
  private boolean formatted;

  private Queries(Schema schema, Dice dice) {
    this.schema = schema;
    this.dice = dice;
  }

  static List<CachedQuery> random(Schema schema, int count, Dice dice) {
    Queries queries = new Queries(schema, dice);
    List<CachedQuery> drawn = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      queries.cache = schema.namespace() + "q" + i;
      queries.formatted = dice.percent(30);
      drawn.add(queries.next(i));
    }
    return drawn;
  }

  private CachedQuery next(int number) {
    List<Edge> edges = schema.edges();
    List<Edge[]> chains =
        edges.stream()
            .flatMap(
                lower ->
                    edges.stream()
                        .filter(upper -> upper.child().equals(lower.parent()))
                        .map(upper -> new Edge[] {lower, upper}))
            .toList();
    return switch (number % 5) {
      case 0 -> ofOneTable(dice.one(schema.tables()));
      case 1 -> parentWithChildren(dice.one(edges));
      case 2 -> childWithParent(dice.one(edges));
      case 3 -> chains.isEmpty() ? childWithParent(dice.one(edges)) : threeUp(dice.one(chains));
      default ->
          chains.isEmpty() ? ofOneTable(dice.one(schema.tables())) : threeDown(dice.one(chains));
    };
  }

  /** Rows of one table under their own key, or grouped under other columns. */
  private CachedQuery ofOneTable(Table table) {
    boolean own = dice.percent(50);
    List<String> key = own ? table.primaryKey() : anyKey(table);
    List<String> shown = shown(table);
    Filter filter = filter(table);
    String sql =
        select("x", table, key, List.of(cells("x", shown)))
            + (" from " + table.qualified() + " x")
            + (filter.isNone() ? "" : " where " + filter.of("x"));
    return new CachedQuery(
        cache,
        template(table, key, ""),
        sql,
        List.of(direct(table, key, shown, filter, own ? "own key" : "other columns")));
  }

  /** A row and, under the same key, the rows that name it. */
  private CachedQuery parentWithChildren(Edge edge) {
    Table parent = edge.parent();
    Table child = edge.child();
    String named = edge.reference().column();
    List<String> ofParent = shown(parent);
    List<String> ofChild = shown(child);
    Filter filter = filter(child);
    String parents = " from " + parent.qualified() + " p";
    String sql =
        dice.percent(50)
            ? select("p", parent, List.of("id"), List.of(cells("p", ofParent)))
                + parents
                + " union all "
                + select("c", child, List.of(named), List.of(cells("c", ofChild)))
                + " from "
                + child.qualified()
                + " c"
                + (filter.isNone() ? "" : " where " + filter.of("c"))
            : select("p", parent, List.of("id"), List.of(cells("p", ofParent), cells("c", ofChild)))
                + parents
                + (dice.percent(50) ? " left" : "")
                + " join "
                + child.qualified()
                + " c on c."
                + named
                + " = p.id"
                + (filter.isNone() ? "" : " and " + filter.of("c"));
    return new CachedQuery(
        cache,
        template(parent, List.of("id"), ""),
        sql,
        List.of(
            new DerivedRule(
                parent, looked(ofParent), template(parent, List.of("id"), ""), "own key"),
            direct(child, List.of(named), ofChild, filter, "foreign key")));
  }

  /** A row with what it shows of the row that it names. */
  private CachedQuery childWithParent(Edge edge) {
    Table parent = edge.parent();
    Table child = edge.child();
    String named = edge.reference().column();
    List<String> key = dice.percent(70) ? child.primaryKey() : anyKey(child);
    List<String> ofParent = shown(parent);
    List<String> ofChild = shown(child);
    Filter filter = filter(parent);
    Own own = own();
    String sql =
        select("c", child, key, List.of(cells("c", ofChild), cells("p", ofParent)))
            + " from "
            + child.qualified()
            + " c"
            + (dice.percent(50) ? " left" : "")
            + " join "
            + parent.qualified()
            + " p on p.id = c."
            + named
            + (filter.isNone() ? "" : " and " + filter.of("p"));
    return new CachedQuery(
        cache,
        template(child, key, ""),
        sql,
        joined(
            own,
            List.of(
                new DerivedRule(
                    child,
                    looked(with(ofChild, List.of(named))),
                    template(child, key, ""),
                    "own key of a join")),
            through(parent, template(child, key, child.name() + "."), ofParent, filter)
                .through(step(child, named + " = id", own, ""))));
  }

  /** A row with what it shows of the row that it names, and of the one that this names. */
  private CachedQuery threeUp(Edge[] chain) {
    Table low = chain[0].child();
    Table middle = chain[0].parent();
    Table top = chain[1].parent();
    String lowNames = chain[0].reference().column();
    String middleNames = chain[1].reference().column();
    List<String> key = dice.percent(70) ? low.primaryKey() : anyKey(low);
    List<String> ofLow = shown(low);
    List<String> ofMiddle = shown(middle);
    List<String> ofTop = shown(top);
    String left = dice.percent(50) ? " left" : "";
    String sql =
        select("g", low, key, List.of(cells("g", ofLow), cells("c", ofMiddle), cells("p", ofTop)))
            + (" from " + low.qualified() + " g" + left + " join " + middle.qualified())
            + (" c on c.id = g." + lowNames + left + " join " + top.qualified())
            + (" p on p.id = c." + middleNames);
    Own own = own();
    String last = step(low, lowNames + " = id", own, "");
    String deep = template(low, key, low.name() + ".");
    return new CachedQuery(
        cache,
        template(low, key, ""),
        sql,
        joined(
            own,
            List.of(
                new DerivedRule(
                    low,
                    looked(with(ofLow, List.of(lowNames))),
                    template(low, key, ""),
                    "own key of a join"),
                new DerivedRule(
                        middle, looked(with(ofMiddle, List.of(middleNames))), deep, "through")
                    .through(last)),
            new DerivedRule(top, looked(ofTop), deep, "through twice")
                .through(step(middle, middleNames + " = id", own, last))));
  }

  /** A row with what it shows of the rows that name it, and of those that name these. */
  private CachedQuery threeDown(Edge[] chain) {
    Table low = chain[0].child();
    Table middle = chain[0].parent();
    Table top = chain[1].parent();
    String lowNames = chain[0].reference().column();
    String middleNames = chain[1].reference().column();
    List<String> ofLow = shown(low);
    List<String> ofTop = shown(top);
    Own own = own();
    String sql =
        select("p", top, List.of("id"), List.of(cells("p", ofTop), cells("g", ofLow)))
            + (" from " + top.qualified() + " p join " + middle.qualified() + " c on c.")
            + (middleNames + " = p.id join " + low.qualified() + " g on g." + lowNames + " = c.id");
    return new CachedQuery(
        cache,
        template(top, List.of("id"), ""),
        sql,
        joined(
            own,
            List.of(
                new DerivedRule(
                    middle,
                    looked(List.of("id")),
                    template(middle, List.of(middleNames), ""),
                    "foreign key")),
            new DerivedRule(top, looked(ofTop), template(top, List.of("id"), ""), "own key"),
            new DerivedRule(
                    low,
                    looked(ofLow),
                    template(middle, List.of(middleNames), middle.name() + "."),
                    "through, upwards")
                .through(step(middle, "id = " + lowNames, own, ""))));
  }

  private Filter filter(Table table) {
    return dice.percent(35) ? Filter.random(table, dice) : Filter.NONE;
  }

  /** Changes of just what is shown: all, or by a filter of columns, or by a condition. */
  private DerivedRule direct(
      Table table, List<String> key, List<String> shown, Filter filter, String kind) {
    if (!filter.isNone()) {
      return new DerivedRule(
              table, looked(with(shown, filter.columns())), template(table, key, ""), kind)
          .when(filter.when());
    }
    return dice.percent(20)
        ? new DerivedRule(table, List.of(), template(table, key, ""), kind)
            .when(Filter.changeOf(shown))
        : new DerivedRule(table, looked(shown), template(table, key, ""), kind);
  }

  private DerivedRule through(Table table, String key, List<String> shown, Filter filter) {
    return filter.isNone()
        ? new DerivedRule(table, looked(shown), key, "through")
        : new DerivedRule(table, looked(with(shown, filter.columns())), key, "through")
            .when(filter.when());
  }

  /** How a rule says what the changes of the tables that it goes through do. */
  private enum Own {
    /** They have rules of their own, and the default does the same again. */
    TWICE,
    /** They have rules of their own, and the default is switched off. */
    APART,
    /** By default they touch the rule's keys, so that nobody needs another rule. */
    ALONE
  }

  private Own own() {
    return dice.one(List.of(Own.values()));
  }

  /** The rules of a join; without those that the default makes needless. */
  private static List<DerivedRule> joined(
      Own own, List<DerivedRule> ownRules, DerivedRule... others) {
    return Stream.concat(own == Own.ALONE ? Stream.empty() : ownRules.stream(), Stream.of(others))
        .toList();
  }

  private static String step(Table table, String on, Own own, String next) {
    return "{ table: "
        + table.qualified()
        + ", on: \""
        + on
        + "\""
        + (own == Own.APART ? ", ownChanges: false" : "")
        + (next.isEmpty() ? "" : ", through: " + next)
        + " }";
  }

  /** One or two columns that keys can be made of, whatever they mean. */
  private List<String> anyKey(Table table) {
    List<String> possible =
        table.columns().stream()
            .filter(column -> column.type().inKeys() && !column.name().equals("wide"))
            .map(Column::name)
            .toList();
    List<String> key = dice.some(possible, 1);
    return key.size() > 2 ? key.subList(0, 2) : key;
  }

  private List<String> shown(Table table) {
    return dice.some(table.columns().stream().map(Column::name).toList(), 1);
  }

  /** All that is looked at, or no filter. */
  private List<String> looked(List<String> columns) {
    return dice.percent(60) ? columns : List.of();
  }

  private static List<String> with(List<String> columns, List<String> more) {
    return Stream.concat(columns.stream(), more.stream()).distinct().toList();
  }

  /**
   * A key's template.
   *
   * @param step what stands before columns of a table that a rule goes through
   */
  private String template(Table table, List<String> columns, String step) {
    return cache
        + ":"
        + columns.stream()
            .map(
                column ->
                    "{"
                        + step
                        + column
                        + (formatted ? table.column(column).type().format() : "")
                        + "}")
            .collect(Collectors.joining(":"));
  }

  private String select(String alias, Table table, List<String> key, List<String> cells) {
    return "select '"
        + cache
        + ":' || "
        + key.stream()
            .map(column -> keyText(table.column(column).type(), alias + "." + column))
            .collect(Collectors.joining(" || ':' || "))
        + " as key, row("
        + String.join(", ", cells)
        + ")::text as shown";
  }

  private String keyText(ColumnType type, String expression) {
    return formatted ? type.formattedText(expression) : type.keyText(expression);
  }

  private static String cells(String alias, List<String> columns) {
    return columns.stream()
        .map(column -> alias + "." + column)
        .map(cell -> cell.endsWith(".wide") ? "md5(" + cell + ")" : cell)
        .collect(Collectors.joining(", "));
  }
}
