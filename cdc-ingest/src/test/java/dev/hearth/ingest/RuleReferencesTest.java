package dev.hearth.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.chassis.config.HearthConfig;
import dev.hearth.chassis.config.Problem;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class RuleReferencesTest {

  @Test
  void namesEachTableAndColumnWithItsPlaceInTheConfiguration() {
    RuleReferences references =
        RuleReferences.of(
            List.of(
                rule("public.product", List.of(), List.of("product:{id}", "c:{category_id}"), null),
                rule("public.price", List.of("amount"), List.of("product:{product_id}"), null)));

    assertThat(references.problems()).isEmpty();
    assertThat(references.changedTables()).containsExactly("public.price", "public.product");
    assertThat(references.columns())
        .containsExactly(
            key("rules[0].keys[0]", "product:{id}", "public.product", "id"),
            key("rules[0].keys[1]", "c:{category_id}", "public.product", "category_id"),
            new TableCatalog.Reference(
                "rules[1].columns[0]", "amount", "public.price", "amount", TableCatalog.Use.FILTER),
            key("rules[1].keys[0]", "product:{product_id}", "public.price", "product_id"));
  }

  @Test
  void aDottedColumnBelongsToTheTableThatARuleGoesThrough() {
    RuleReferences references =
        RuleReferences.of(
            List.of(
                rule(
                    "public.category",
                    List.of(),
                    List.of("product:{product.id}"),
                    new HearthConfig.Through(
                        "public.product", "category_id = id", null, true, null))));

    assertThat(references.tables())
        .containsExactly(
            new TableCatalog.TableReference("rules[0].table", "public.category", true),
            new TableCatalog.TableReference("rules[0].through.table", "public.product", false));
    assertThat(references.changedTables()).containsExactly("public.category");
    assertThat(references.columns())
        .containsExactly(
            new TableCatalog.Reference(
                "rules[0].keys[0]",
                "product:{product.id}",
                "public.product",
                "id",
                TableCatalog.Use.THROUGH));
  }

  @Test
  void namesEveryTemplateThatCannotBeRead() {
    RuleReferences references =
        RuleReferences.of(
            List.of(rule("public.product", List.of(), List.of("product", "product:{id"), null)));

    assertThat(references.problems())
        .containsExactly(
            new Problem(
                "rules[0].keys[0]",
                "\"product\" names no column, so that all rows would share one key; write columns"
                    + " as {column}, such as \"product:{id}\""),
            new Problem(
                "rules[0].keys[1]",
                "\"product:{id\" has a '{' without its '}'; write columns as {column}"));
  }

  private static TableCatalog.Reference key(String path, String text, String table, String column) {
    return new TableCatalog.Reference(path, text, table, column, TableCatalog.Use.KEY);
  }

  private static HearthConfig.Rule rule(
      String table,
      List<String> columns,
      List<String> keys,
      HearthConfig.@Nullable Through through) {
    return new HearthConfig.Rule(table, columns, keys, null, through, 1000);
  }
}
