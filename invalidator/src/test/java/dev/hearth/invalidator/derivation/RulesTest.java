package dev.hearth.invalidator.derivation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import dev.hearth.chassis.config.ConfigException;
import org.junit.jupiter.api.Test;

class RulesTest {
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
}
