package dev.hearth.invalidator.derivation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.chassis.config.HearthConfig;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FingerprintTest {
  private final Rules rules = ShopRules.rules();

  @Test
  void isThatOfTheSameRulesInAnyOrder() {
    List<String> lines = new ArrayList<>(List.of(ShopRules.RULES.split("(?m)^(?=  - )")));
    Collections.reverse(lines);

    Rules reversed = Rules.compile(ShopRules.config(ShopRules.CACHES, String.join("", lines)));

    assertThat(reversed.of("public.category").get(0).through())
        .as("the order did change")
        .isFalse();
    assertThat(reversed.fingerprints()).isEqualTo(rules.fingerprints());
    assertThat(reversed.fingerprint()).isEqualTo(rules.fingerprint());
  }

  @Test
  void passesOverWhatTheDerivationDoesNotLookAt() {
    Rules others =
        Rules.compile(
            ShopRules.config(
                ShopRules.CACHES.replace("\"product:{id}\" }", "\"product:{id}\", ttl: 5m }"),
                ShopRules.RULES));

    assertThat(others.fingerprint()).isEqualTo(rules.fingerprint());
  }

  /** It is stored, so it must not change from build to build. */
  @Test
  void isStable() {
    assertThat(rules.fingerprints())
        .containsExactlyInAnyOrderEntriesOf(
            Map.of(
                "product", "48c32ba28cab00f8",
                "category", "4f4c71b8b3b1c8cb",
                "stock", "351b69fadfd69ae1"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\'',
      value = {
        "columns: [ amount ]      | columns: [ amount, note ] | product",
        "\"category:{category_id}\" | \"category:{parent}\"     | category",
        "category_id = id         | parent = id               | product",
        "public.stock             | public.storage            | stock",
      })
  void isAnotherOneForJustTheCachesWhoseRulesChanged(String from, String to, String cache) {
    assertThat(ShopRules.RULES).contains(from.strip());
    assertChanged(
        ShopRules.config(ShopRules.CACHES, ShopRules.RULES.replace(from.strip(), to.strip())),
        cache);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\'',
      value = {
        "key: \"category:{id}\"     | key: \"category:{id}\", mode: observe",
        "stores: [ redis ], key: \"category:{id}\" | stores: [ redis, other ], key: \"category:{id}\"",
      })
  void isAnotherOneForACacheThatIsKeptInAnotherWay(String from, String to) {
    assertThat(ShopRules.CACHES).contains(from.strip());
    assertChanged(
        ShopRules.config(ShopRules.CACHES.replace(from.strip(), to.strip()), ShopRules.RULES),
        "category");
  }

  private void assertChanged(HearthConfig config, String cache) {
    Rules others = Rules.compile(config);

    assertThat(others.fingerprint()).isNotEqualTo(rules.fingerprint());
    Map<String, String> before = new HashMap<>(rules.fingerprints());
    Map<String, String> after = new HashMap<>(others.fingerprints());
    assertThat(after).doesNotContainEntry(cache, String.valueOf(before.remove(cache)));
    after.remove(cache);
    assertThat(after).isEqualTo(before);
  }
}
