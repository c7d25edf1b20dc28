package dev.hearth.invalidator.derivation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import dev.hearth.chassis.config.ConfigException;
import org.junit.jupiter.api.Test;

class RulesTest {
  @Test
  void aKeyCanHaveThePartsOfTheTablesName() {
    Rules rules =
        Rules.compile(
            ShopRules.config(
                "  product: { stores: [ redis ], key: \"{tenant}:product:{id}\" }\n",
                """
                  - { table: "tenant_*.product", keys: [ "{@schema}:product:{id}" ] }
                """));

    assertThat(
            new Derivation(rules)
                .derive(
                    new dev.hearth.schemas.change.ChangeEvent(
                        "tenant_c.product",
                        dev.hearth.schemas.change.Operation.INSERT,
                        dev.hearth.schemas.change.RowImage.UNKNOWN,
                        new dev.hearth.schemas.change.RowImage(java.util.Map.of("id", "7")),
                        1,
                        2,
                        new dev.hearth.schemas.position.Position(1, 3),
                        java.time.Instant.EPOCH,
                        java.time.Instant.EPOCH))
                .keys()
                .keySet())
        .containsExactly(new Derivation.Key("product", "tenant_c:product:7"));
  }

  @Test
  void aCacheHasNoPartsOfATablesName() {
    org.assertj.core.api.Assertions.assertThatThrownBy(
            () ->
                Rules.compile(
                    ShopRules.config(
                        "  product: { stores: [ redis ], key: \"{@schema}:product:{id}\" }\n",
                        "  - { table: public.product, keys: [ \"{@schema}:product:{id}\" ] }\n")))
        .hasMessageContaining(
            "caches.product.key: {@schema} is a part of the changed table's name, which a cache has"
                + " none of; name what stands there in the application's key, such as {tenant},"
                + " and write {@schema} in the rules");
  }

  @Test
  void aPatternIsARuleOfEveryTableThatItMatches() {
    Rules rules =
        Rules.compile(
            ShopRules.config(
                ShopRules.CACHES,
                """
                  - { table: "tenant_*.product", keys: [ "product:{id}" ] }
                  - { table: "tenant_a.product", keys: [ "category:{category_id}" ] }
                """));

    assertThat(rules.of("tenant_a.product")).hasSize(2);
    assertThat(rules.of("tenant_b.product")).hasSize(1);
    assertThat(rules.of("public.product")).isEmpty();
    assertThat(rules.cachesOf("tenant_b.product")).containsExactly("product");
    assertThat(rules.untouched()).containsExactly("stock");
    assertThat(
            new Derivation(rules)
                .derive(
                    new dev.hearth.schemas.change.ChangeEvent(
                        "tenant_c.product",
                        dev.hearth.schemas.change.Operation.INSERT,
                        dev.hearth.schemas.change.RowImage.UNKNOWN,
                        new dev.hearth.schemas.change.RowImage(java.util.Map.of("id", "7")),
                        1,
                        2,
                        new dev.hearth.schemas.position.Position(1, 3),
                        java.time.Instant.EPOCH,
                        java.time.Instant.EPOCH))
                .keys()
                .keySet())
        .containsExactly(new Derivation.Key("product", "product:7"));
  }

  @Test
  void keepsTheRulesOfATableInTheirOrder() {
    Rules rules = ShopRules.rules();

    assertThat(rules.of("public.category")).extracting(Rule::through).containsExactly(true, false);
    assertThat(rules.of("public.product").get(0).targets())
        .extracting(Rule.Target::path, Rule.Target::cache)
        .containsExactly(
            tuple("rules[0].keys[0]", "product"), tuple("rules[0].keys[1]", "category"));
    assertThat(rules.of("public.customer")).isEmpty();
  }

  @Test
  void namesTheCachesThatAChangeOfATableCanTouch() {
    Rules rules = ShopRules.rules();

    assertThat(rules.cachesOf("public.price")).containsExactly("product");
    assertThat(rules.cachesOf("public.category")).containsExactly("product", "category");
  }

  @Test
  void suspectsEveryCacheWhereNoRuleNamesTheTable() {
    assertThat(ShopRules.rules().cachesOf("public.customer"))
        .containsExactly("product", "category", "stock");
  }

  @Test
  void refusesAKeyOfNoCacheAndNamesTheOneThatWasMeant() {
    assertThatThrownBy(
            () ->
                Rules.compile(
                    ShopRules.config(
                        ShopRules.CACHES,
                        "  - { table: public.product, keys: [ \"prodcut:{id}\" ] }\n")))
        .isInstanceOf(ConfigException.class)
        .hasMessage(
            "rules[0].keys[0]: \"prodcut:{id}\" is the key of no cache; did you mean the like of"
                + " \"product:{id}\"?");
  }

  @Test
  void refusesTwoCachesWithTheSameKeys() {
    assertThatThrownBy(
            () ->
                Rules.compile(
                    ShopRules.config(
                        """
                          product: { stores: [ redis ], key: "product:{id}" }
                          again: { stores: [ other ], key: "product:{number}" }
                        """,
                        ShopRules.RULES)))
        .isInstanceOf(ConfigException.class)
        .hasMessageStartingWith(
            "caches.again.key: \"product:{number}\" names the same keys as cache \"product\"; give"
                + " each cache a prefix of its own");
  }

  @Test
  void reportsAllMistakesAtOnce() {
    assertThatThrownBy(
            () ->
                Rules.compile(
                    ShopRules.config(
                        ShopRules.CACHES,
                        """
                          - { table: public.product, keys: [ "page:{id}", "product:{id}" ] }
                          - { table: public.price, keys: [ "list:{id}" ] }
                        """)))
        .isInstanceOfSatisfying(
            ConfigException.class,
            mistakes ->
                assertThat(mistakes.problems())
                    .extracting(problem -> problem.toString().split(":", 2)[0])
                    .containsExactly("rules[0].keys[0]", "rules[1].keys[0]"));
  }

  @Test
  void refusesNamesInKeysThatTheRuleDoesNotHave() {
    assertMistake(
        """
          - table: public.category
            through: { table: public.product, on: "category_id = id" }
            keys: [ "product:{prodcut.id}" ]
        """,
        "rules[0].keys[0]: \"product:{prodcut.id}\" names no table of the rule (category, product)"
            + " in {prodcut.id}; did you mean 'product'?");
    assertMistake(
        "  - { table: public.category, keys: [ \"product:{product.id}\" ] }\n",
        "rules[0].keys[0]: \"product:{product.id}\" names a table in {product.id}, and the rule"
            + " goes through none; write {id} for a column of public.category, or say through which"
            + " table the rule goes");
  }

  @Test
  void refusesTwoTablesOfOneNameInARule() {
    assertMistake(
        """
          - table: public.category
            through: { table: public.category, on: "parent_id = id" }
            keys: [ "category:{category.id}" ]
        """,
        "rules[0].through: two tables of the rule are called \"category\" in keys; give"
            + " public.category another name with as");
  }

  @Test
  void saysWhichColumnsRulesReadOfEachTable() {
    Rules rules = ShopRules.rules();

    assertThat(rules.needed("public.price").columns())
        .containsExactlyInAnyOrder("amount", "product_id");
    assertThat(rules.needed("public.price").ofDeleted()).containsExactly("product_id");
    assertThat(rules.needed("public.price").joined()).isFalse();
    assertThat(rules.needed("public.product").columns())
        .containsExactlyInAnyOrder("id", "category_id");
    assertThat(rules.needed("public.product").joinedOn()).containsExactly("category_id");
    assertThat(rules.joinedTables()).containsExactly("public.product");
    assertThat(rules.needed("public.customer")).isEqualTo(Needed.NOTHING);
  }

  @Test
  void suspectsTheCachesOfRulesThatGoThroughATable() {
    Rules rules =
        Rules.compile(
            ShopRules.config(
                ShopRules.CACHES,
                """
                  - table: public.category
                    through: { table: public.product, on: "category_id = id" }
                    keys: [ "product:{product.id}" ]
                """));

    assertThat(rules.cachesOf("public.product")).containsExactly("product");
  }

  private static void assertMistake(String rules, String sentence) {
    assertThatThrownBy(() -> Rules.compile(ShopRules.config(ShopRules.CACHES, rules)))
        .isInstanceOf(ConfigException.class)
        .hasMessage(sentence);
  }
}
