package dev.hearth.ingest;

import dev.hearth.chassis.condition.Condition;
import dev.hearth.chassis.condition.ConditionException;
import dev.hearth.chassis.config.HearthConfig;
import dev.hearth.chassis.config.Problem;
import dev.hearth.chassis.config.Suggestion;
import dev.hearth.schemas.key.KeyTemplate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * What the rules read of the source, with the place in the configuration where each is said; pure.
 */
record RuleReferences(
    List<TableCatalog.TableReference> tables,
    List<TableCatalog.Reference> columns,
    List<Problem> problems) {

  static RuleReferences of(List<HearthConfig.Rule> rules) {
    List<TableCatalog.TableReference> tables = new ArrayList<>();
    List<TableCatalog.Reference> columns = new ArrayList<>();
    List<Problem> problems = new ArrayList<>();
    for (int i = 0; i < rules.size(); i++) {
      HearthConfig.Rule rule = rules.get(i);
      String path = "rules[" + i + "]";
      tables.add(new TableCatalog.TableReference(path + ".table", rule.table()));
      Map<String, String> named = new LinkedHashMap<>();
      named.put(ownName(rule.table()), rule.table());
      addSteps(rule, path, named, tables, columns);
      for (int c = 0; c < rule.columns().size(); c++) {
        String column = rule.columns().get(c);
        columns.add(
            new TableCatalog.Reference(
                path + ".columns[" + c + "]",
                column,
                rule.table(),
                column,
                TableCatalog.Use.FILTER));
      }
      addCondition(rule, path + ".when", columns, problems);
      for (int k = 0; k < rule.keys().size(); k++) {
        String text = rule.keys().get(k);
        String keyPath = path + ".keys[" + k + "]";
        try {
          KeyTemplate template = KeyTemplate.parse(text);
          for (String column : template.columns()) {
            String table = owner(rule, column, named);
            if (table == null) {
              problems.add(new Problem(keyPath, unknownName(text, column, named.keySet())));
              continue;
            }
            columns.add(new TableCatalog.Reference(keyPath, text, table, own(column), use(rule)));
          }
        } catch (IllegalArgumentException e) {
          problems.add(new Problem(keyPath, String.valueOf(e.getMessage())));
        }
      }
    }
    return new RuleReferences(tables, columns, problems);
  }

  private static void addCondition(
      HearthConfig.Rule rule,
      String path,
      List<TableCatalog.Reference> columns,
      List<Problem> problems) {
    String when = rule.when();
    if (when == null) {
      return;
    }
    try {
      for (String column : Condition.parse(when).columns()) {
        columns.add(
            new TableCatalog.Reference(
                path, when.strip(), rule.table(), column, TableCatalog.Use.FILTER));
      }
    } catch (ConditionException e) {
      e.problems().forEach(problem -> problems.add(new Problem(path, problem)));
    }
  }

  /**
   * The tables that a rule goes through, each with both sides of its join: they have to be followed
   * as the changed table is, for their rows say which keys there are.
   *
   * @param named tables by their names in keys, which grows with each step
   */
  private static void addSteps(
      HearthConfig.Rule rule,
      String rulePath,
      Map<String, String> named,
      List<TableCatalog.TableReference> tables,
      List<TableCatalog.Reference> columns) {
    String before = rule.table();
    String path = rulePath + ".through";
    HearthConfig.Through step = rule.through();
    while (step != null) {
      tables.add(new TableCatalog.TableReference(path + ".table", step.table()));
      String[] sides = step.on().split("=", 2);
      columns.add(join(path, step, step.table(), sides[0]));
      columns.add(join(path, step, before, sides[1]));
      String as = step.as();
      named.put(as == null ? ownName(step.table()) : as, step.table());
      before = step.table();
      path = path + ".through";
      step = step.through();
    }
  }

  private static TableCatalog.Reference join(
      String path, HearthConfig.Through step, String table, String column) {
    return new TableCatalog.Reference(
        path + ".on", step.on(), table, column.strip(), TableCatalog.Use.THROUGH);
  }

  /** {@code {product.id}} means a column of the table of that name, {@code {id}} of the changed. */
  private static @Nullable String owner(
      HearthConfig.Rule rule, String column, Map<String, String> named) {
    int dot = column.indexOf('.');
    return dot < 0 ? rule.table() : named.get(column.substring(0, dot));
  }

  private static String unknownName(String text, String column, Collection<String> names) {
    String name = column.substring(0, column.indexOf('.'));
    return "\""
        + text
        + "\" reads "
        + column
        + ", but the rule has no table called "
        + name
        + "; expected one of "
        + String.join(", ", names)
        + Suggestion.nearest(name, names).map(near -> "; did you mean '" + near + "'?").orElse("");
  }

  private static String ownName(String table) {
    return table.substring(table.indexOf('.') + 1);
  }

  private static TableCatalog.Use use(HearthConfig.Rule rule) {
    return rule.through() == null ? TableCatalog.Use.KEY : TableCatalog.Use.THROUGH;
  }

  private static String own(String column) {
    return column.substring(column.indexOf('.') + 1);
  }

  /** Tables whose changes are followed. */
  Set<String> changedTables() {
    Set<String> names = new TreeSet<>();
    tables.forEach(reference -> names.add(reference.table()));
    return names;
  }
}
