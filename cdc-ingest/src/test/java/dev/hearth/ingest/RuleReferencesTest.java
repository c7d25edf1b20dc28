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
  void followsTheTableThatARuleGoesThroughWithBothSidesOfTheJoin() {
    RuleReferences references =
        RuleReferences.of(
            List.of(
                rule(
                    "public.category",
                    List.of(),
                    List.of("product:{product.id}"),
                    step("public.product", "category_id = id", null, null))));

    assertThat(references.problems()).isEmpty();
    assertThat(references.tables())
        .containsExactly(
            new TableCatalog.TableReference("rules[0].table", "public.category"),
            new TableCatalog.TableReference("rules[0].through.table", "public.product"));
    assertThat(references.changedTables()).containsExactly("public.category", "public.product");
    assertThat(references.columns())
        .containsExactly(
            through("rules[0].through.on", "category_id = id", "public.product", "category_id"),
            through("rules[0].through.on", "category_id = id", "public.category", "id"),
            through("rules[0].keys[0]", "product:{product.id}", "public.product", "id"));
  }

  @Test
  void aSecondStepIsJoinedToTheFirstAndNamedByItsAlias() {
    RuleReferences references =
        RuleReferences.of(
            List.of(
                rule(
                    "public.category",
                    List.of(),
                    List.of("variant:{v.sku}:{category.id}"),
                    step(
                        "public.product",
                        "category_id=id",
                        null,
                        step("shop.variant", " product = code ", "v", null)))));

    assertThat(references.problems()).isEmpty();
    assertThat(references.changedTables())
        .containsExactly("public.category", "public.product", "shop.variant");
    assertThat(references.columns())
        .containsExactly(
            through("rules[0].through.on", "category_id=id", "public.product", "category_id"),
            through("rules[0].through.on", "category_id=id", "public.category", "id"),
            through("rules[0].through.through.on", " product = code ", "shop.variant", "product"),
            through("rules[0].through.through.on", " product = code ", "public.product", "code"),
            through("rules[0].keys[0]", "variant:{v.sku}:{category.id}", "shop.variant", "sku"),
            through("rules[0].keys[0]", "variant:{v.sku}:{category.id}", "public.category", "id"));
  }

  @Test
  void aTableThatTheRuleDoesNotNameIsNoOwnerOfAColumn() {
    RuleReferences references =
        RuleReferences.of(
            List.of(
                rule(
                    "public.category",
                    List.of(),
                    List.of("product:{prodct.id}"),
                    step("public.product", "category_id = id", null, null))));

    assertThat(references.problems())
        .containsExactly(
            new Problem(
                "rules[0].keys[0]",
                "\"product:{prodct.id}\" reads prodct.id, but the rule has no table called prodct;"
                    + " expected one of category, product; did you mean 'product'?"));
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

  private static TableCatalog.Reference through(
      String path, String text, String table, String column) {
    return new TableCatalog.Reference(path, text, table, column, TableCatalog.Use.THROUGH);
  }

  private static HearthConfig.Through step(
      String table, String on, @Nullable String as, HearthConfig.@Nullable Through through) {
    return new HearthConfig.Through(table, on, as, true, through);
  }

  private static HearthConfig.Rule rule(
      String table,
      List<String> columns,
      List<String> keys,
      HearthConfig.@Nullable Through through) {
    return new HearthConfig.Rule(table, columns, keys, null, through, 1000);
  }
}
