package dev.hearth.ingest;

import dev.hearth.chassis.config.HearthConfig;
import dev.hearth.chassis.config.Problem;
import dev.hearth.schemas.key.KeyTemplate;
import java.util.ArrayList;
import java.util.List;
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
      tables.add(new TableCatalog.TableReference(path + ".table", rule.table(), true));
      HearthConfig.Through through = rule.through();
      if (through != null) {
        tables.add(
            new TableCatalog.TableReference(path + ".through.table", through.table(), false));
      }
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
      for (int k = 0; k < rule.keys().size(); k++) {
        String text = rule.keys().get(k);
        String keyPath = path + ".keys[" + k + "]";
        try {
          KeyTemplate template = KeyTemplate.parse(text);
          for (String column : template.columns()) {
            columns.add(
                new TableCatalog.Reference(
                    keyPath, text, owner(rule, column), own(column), use(rule)));
          }
        } catch (IllegalArgumentException e) {
          problems.add(new Problem(keyPath, String.valueOf(e.getMessage())));
        }
      }
    }
    return new RuleReferences(tables, columns, problems);
  }

  /** {@code {product.id}} means a column of the table that a rule goes through. */
  private static String owner(HearthConfig.Rule rule, String column) {
    HearthConfig.@Nullable Through through = rule.through();
    int dot = column.indexOf('.');
    if (through == null || dot < 0) {
      return rule.table();
    }
    return through.table();
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
    tables.stream()
        .filter(TableCatalog.TableReference::followed)
        .forEach(reference -> names.add(reference.table()));
    return names;
  }
}
