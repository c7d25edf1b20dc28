package dev.hearth.invalidator.derivation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.invalidator.derivation.Derivation.Key;
import dev.hearth.sandbox.Cases;
import dev.hearth.schemas.change.ChangeEvent;
import dev.hearth.schemas.change.Operation;
import dev.hearth.schemas.change.RowImage;
import dev.hearth.schemas.position.Position;
import java.time.Instant;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class DerivationTest {
  private static final int CHANGES = 20_000;

  private final Rules rules = ShopRules.rules();
  private final Derivation derivation = new Derivation(rules);

  @Test
  void touchesTheKeysOfTheOldAndOfTheNewRow() {
    Derivation.Touched touched =
        derivation.derive(
            update(
                "public.product",
                Map.of("id", "1", "name", "cup", "category_id", "10"),
                Map.of("id", "1", "name", "cup", "category_id", "20")));

    assertThat(touched.keys().keySet())
        .containsExactly(
            new Key("product", "product:1"),
            new Key("category", "category:10"),
            new Key("category", "category:20"));
    assertThat(touched.voided()).isEmpty();
  }

  @Test
  void namesTheRuleThatTouchedAKey() {
    Derivation.Touched touched =
        derivation.derive(
            update(
                "public.price",
                Map.of("product_id", "7", "amount", "1.00"),
                Map.of("product_id", "7", "amount", "2.00")));

    assertThat(touched.keys().values())
        .extracting(Rule.Target::path)
        .containsExactly("rules[1].keys[0]");
  }

  @Test
  void passesOverAChangeOfColumnsThatNoRuleReads() {
    Derivation.Touched touched =
        derivation.derive(
            update(
                "public.price",
                Map.of("product_id", "7", "amount", "1.00", "note", "old"),
                Map.of("product_id", "7", "amount", "1.00", "note", "new")));

    assertThat(touched.keys()).isEmpty();
    assertThat(touched.voided()).isEmpty();
  }

  @Test
  void followsARowThatOtherRowsReferToByAnotherValueWhateverTheFilterSays() {
    Rules filtered =
        Rules.compile(
            ShopRules.config(
                "  product: { stores: [ redis ], key: \"product:{id}\" }\n",
                """
                  - table: public.category
                    columns: [ name ]
                    through: { table: public.product, on: "category_id = id" }
                    keys: [ "product:{product.id}" ]
                """));

    Derivation.Touched touched =
        new Derivation(filtered)
            .derive(
                update(
                    "public.category",
                    Map.of("id", "1", "name", "kitchen"),
                    Map.of("id", "2", "name", "kitchen")));

    assertThat(touched.joined()).extracting(Rule.Target::cache).containsExactly("product");
  }

  @Test
  void followsAKeyThatMovedWhateverTheFilterSays() {
    Derivation.Touched touched =
        derivation.derive(
            update(
                "public.price",
                Map.of("product_id", "7", "amount", "1.00"),
                Map.of("product_id", "8", "amount", "1.00")));

    assertThat(touched.keys().keySet())
        .containsExactly(new Key("product", "product:7"), new Key("product", "product:8"));
  }

  @Test
  void voidsTheCacheWhereAnOldValueIsNotKnown() {
    Derivation.Touched touched =
        derivation.derive(
            update(
                "public.product",
                Map.of("id", "1"),
                Map.of("id", "1", "name", "cup", "category_id", "10")));

    assertThat(touched.keys().keySet()).containsExactly(new Key("product", "product:1"));
    assertThat(touched.voided()).containsExactly(Map.entry("category", "unknown-value"));
  }

  @Test
  void makesNoKeyOfNull() {
    Map<String, @Nullable String> orphan = new HashMap<>(Map.of("id", "1", "name", "cup"));
    orphan.put("category_id", null);

    Derivation.Touched touched =
        derivation.derive(change("public.product", Operation.INSERT, Map.of(), orphan));

    assertThat(touched.keys().keySet()).containsExactly(new Key("product", "product:1"));
    assertThat(touched.voided()).isEmpty();
  }

  @Test
  void voidsWhatATruncateMayHaveTouched() {
    Derivation.Touched touched =
        derivation.derive(change("public.product", Operation.TRUNCATE, Map.of(), Map.of()));

    assertThat(touched.keys()).isEmpty();
    assertThat(touched.voided())
        .containsExactly(Map.entry("product", "truncate"), Map.entry("category", "truncate"));
  }

  @Test
  void leavesTheKeysThatAreMadeOverOtherTablesToBeLookedUp() {
    Derivation.Touched touched =
        derivation.derive(
            update(
                "public.category",
                Map.of("id", "10", "name", "kitchen"),
                Map.of("id", "10", "name", "garden")));

    assertThat(touched.keys().keySet()).containsExactly(new Key("category", "category:10"));
    assertThat(touched.joined()).extracting(Rule.Target::path).containsExactly("rules[3].keys[0]");
  }

  @Test
  void touchesNothingForATableThatNoRuleNames() {
    Derivation.Touched touched =
        derivation.derive(change("public.customer", Operation.DELETE, Map.of("id", "1"), Map.of()));

    assertThat(touched.keys()).isEmpty();
    assertThat(touched.voided()).isEmpty();
  }

  /**
   * The keys by a second way: every template that a row fills, wherever old and new rows differ.
   */
  @Test
  void touchesExactlyTheKeysWhoseRowsChanged() {
    Cases.check(
        CHANGES,
        random -> {
          ChangeEvent change = randomChange(random);

          Derivation.Touched touched = derivation.derive(change);

          assertThat(touched.keys().keySet())
              .as("%s", change)
              .containsExactlyInAnyOrderElementsOf(expected(change));
          assertThat(touched.voided()).isEmpty();
        });
  }

  @Test
  void losesNoKeyWhenTheLogCarriesLess() {
    AtomicInteger voided = new AtomicInteger();
    Cases.check(
        CHANGES,
        random -> {
          ChangeEvent change = randomChange(random);
          ChangeEvent poorer =
              change(
                  change.table(),
                  change.operation(),
                  without(random, change.before().columns()),
                  without(random, change.after().columns()));

          Derivation.Touched touched = derivation.derive(poorer);

          for (Key key : expected(change)) {
            assertThat(touched.keys().containsKey(key) || touched.voided().containsKey(key.cache()))
                .as("%s lost by %s", key, poorer)
                .isTrue();
          }
          voided.addAndGet(touched.voided().size());
        });
    assertThat(voided.get()).isPositive();
  }

  private static Set<Key> expected(ChangeEvent change) {
    Map<String, @Nullable String> old = change.before().columns();
    Map<String, @Nullable String> now = change.after().columns();
    Set<Key> keys = new LinkedHashSet<>();
    boolean update = change.operation() == Operation.UPDATE;
    for (Map<String, @Nullable String> row : List.of(old, now)) {
      if (change.table().equals("public.product")) {
        add(keys, "product", "product:", row.get("id"));
        add(keys, "category", "category:", row.get("category_id"));
      } else if (!update
          || !Objects.equals(old.get("product_id"), now.get("product_id"))
          || !Objects.equals(old.get("amount"), now.get("amount"))) {
        add(keys, "product", "product:", row.get("product_id"));
      }
    }
    return keys;
  }

  private static void add(Set<Key> keys, String cache, String prefix, @Nullable String value) {
    if (value != null) {
      keys.add(new Key(cache, prefix + value));
    }
  }

  private static ChangeEvent randomChange(Random random) {
    boolean product = random.nextBoolean();
    Operation operation =
        List.of(Operation.INSERT, Operation.UPDATE, Operation.DELETE).get(random.nextInt(3));
    Map<String, @Nullable String> old = row(random, product);
    Map<String, @Nullable String> now = row(random, product);
    if (operation == Operation.UPDATE && random.nextBoolean()) {
      // Mostly one column changes, not all of them.
      Map<String, @Nullable String> one = new HashMap<>(old);
      String column = now.keySet().stream().skip(random.nextInt(3)).findFirst().orElseThrow();
      one.put(column, now.get(column));
      now = one;
    }
    return change(
        product ? "public.product" : "public.price",
        operation,
        operation == Operation.INSERT ? Map.of() : old,
        operation == Operation.DELETE ? Map.of() : now);
  }

  private static Map<String, @Nullable String> row(Random random, boolean product) {
    Map<String, @Nullable String> row = new HashMap<>();
    for (String column :
        product ? List.of("id", "name", "category_id") : List.of("product_id", "amount", "note")) {
      row.put(column, random.nextInt(8) == 0 ? null : Integer.toString(random.nextInt(5)));
    }
    return row;
  }

  private static Map<String, @Nullable String> without(
      Random random, Map<String, @Nullable String> row) {
    Map<String, @Nullable String> poorer = new HashMap<>(row);
    poorer.keySet().removeIf(column -> random.nextInt(3) == 0);
    return poorer;
  }

  private static ChangeEvent update(
      String table, Map<String, @Nullable String> before, Map<String, @Nullable String> after) {
    return change(table, Operation.UPDATE, before, after);
  }

  private static ChangeEvent change(
      String table,
      Operation operation,
      Map<String, @Nullable String> before,
      Map<String, @Nullable String> after) {
    return new ChangeEvent(
        table,
        operation,
        new RowImage(before),
        new RowImage(after),
        1,
        2,
        new Position(1, 3),
        Instant.EPOCH,
        Instant.EPOCH);
  }
}
