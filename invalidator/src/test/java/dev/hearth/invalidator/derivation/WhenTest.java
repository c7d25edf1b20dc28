package dev.hearth.invalidator.derivation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.hearth.chassis.config.ConfigException;
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

/** Which changes matter to which keys, where a rule has a condition. */
class WhenTest {
  private static final int CHANGES = 20_000;
  private static final String CACHES =
      """
        product: { stores: [ redis ], key: "product:{id}" }
        category: { stores: [ redis ], key: "category:{id}" }
      """;

  @Test
  void aChangeOfWhichTheConditionIsFalseTouchesNothing() {
    Derivation derivation = derivation("before.amount != after.amount");

    assertThat(touched(derivation, row("1", "10", "5", "true"), row("1", "10", "5", "false")))
        .isEmpty();
    assertThat(touched(derivation, row("1", "10", "5", "true"), row("1", "10", "6", "true")))
        .containsExactly("product:1", "category:10");
  }

  @Test
  void anInsertAndADeleteAreChangesOfEverything() {
    Derivation derivation = derivation("before.amount != after.amount");

    assertThat(touched(derivation, null, row("1", "10", null, "true")))
        .containsExactly("product:1", "category:10");
    assertThat(touched(derivation, row("1", "10", null, "true"), null))
        .containsExactly("product:1", "category:10");
  }

  @Test
  void aKeyThatMovedIsADeleteThereAndAnInsertHere() {
    assertThat(
            touched(
                derivation("before.amount != after.amount"),
                row("1", "10", "5", "true"),
                row("1", "20", "5", "true")))
        .as("the amount is the same, but not where it was")
        .containsExactly("category:10", "category:20");
    assertThat(
            touched(
                derivation("after.visible"),
                row("1", "10", "5", "true"),
                row("1", "20", "5", "false")))
        .as("it was shown in category 10, and is not shown in category 20")
        .containsExactly("product:1", "category:10");
  }

  @Test
  void aRowThatCeasesToBeOfTheKindStillTouchesItsKey() {
    assertThat(
            touched(
                derivation("after.visible"),
                row("1", "10", "5", "true"),
                row("1", "10", "5", "false")))
        .containsExactly("product:1", "category:10");
  }

  @Test
  void whatTheLogDoesNotCarryMatters() {
    Derivation derivation = derivation("before.amount != after.amount");

    Derivation.Touched touched =
        derivation.derive(
            change(
                Operation.UPDATE,
                Map.of("id", "1", "category_id", "10"),
                row("1", "10", "5", "true")));

    assertThat(touched.keys()).hasSize(2);
    assertThat(touched.voided()).isEmpty();
  }

  @Test
  void aKeyThatIsNotKnownVoidsOnlyWhereTheConditionMayHold() {
    Derivation derivation = derivation("after.visible");
    Map<String, @Nullable String> hidden = Map.of("id", "1", "visible", "false");

    assertThat(derivation.derive(change(Operation.UPDATE, hidden, hidden)).voided()).isEmpty();
    assertThat(
            derivation
                .derive(change(Operation.UPDATE, Map.of("id", "1"), row("1", "10", "5", "false")))
                .voided())
        .containsOnlyKeys("category");
  }

  @Test
  void aTruncateMattersWhateverTheConditionSays() {
    assertThat(
            derivation("after.visible")
                .derive(change(Operation.TRUNCATE, Map.of(), Map.of()))
                .voided())
        .containsOnlyKeys("product", "category");
  }

  @Test
  void aRuleThatGoesThroughAnotherTableIsAskedOfTheChangedRow() {
    Derivation derivation =
        new Derivation(
            Rules.compile(
                ShopRules.config(
                    CACHES,
                    """
                      - table: public.category
                        when: before.name != after.name
                        through: { table: public.product, on: "category_id = id" }
                        keys: [ "product:{product.id}" ]
                    """)));
    Map<String, @Nullable String> cups = Map.of("id", "10", "name", "cups", "note", "a");

    assertThat(fanOut(derivation, cups, Map.of("id", "10", "name", "cups", "note", "b"))).isEmpty();
    assertThat(fanOut(derivation, cups, Map.of("id", "10", "name", "mugs", "note", "a")))
        .containsExactly("product");
    assertThat(fanOut(derivation, cups, Map.of("id", "11", "name", "cups", "note", "a")))
        .as("its products lose their category")
        .containsExactly("product");
  }

  private static List<String> fanOut(
      Derivation derivation,
      Map<String, @Nullable String> before,
      Map<String, @Nullable String> after) {
    return derivation
        .derive(change("public.category", Operation.UPDATE, before, after))
        .joined()
        .stream()
        .map(Rule.Target::cache)
        .toList();
  }

  @Test
  void aValueThatCannotBeReadVoidsTheCachesOfItsRuleAndNoOthers() {
    Derivation derivation =
        new Derivation(
            Rules.compile(
                ShopRules.config(
                    CACHES,
                    """
                      - { table: public.product, when: after.amount > 5, keys: [ "product:{id}" ] }
                      - { table: public.product, keys: [ "category:{category_id}" ] }
                    """)));

    Derivation.Touched touched =
        derivation.derive(change(Operation.INSERT, Map.of(), row("1", "10", "five", "true")));

    assertThat(touched.failures())
        .containsExactly("rules[0].when: after.amount has a value that is not a number");
    assertThat(touched.voided()).containsExactly(Map.entry("product", "condition-failed"));
    assertThat(touched.keys().keySet())
        .containsExactly(new Derivation.Key("category", "category:10"));
  }

  @Test
  void everyMistakeOfAConditionIsNamedWithItsPlace() {
    assertThatThrownBy(() -> derivation("amount > 5 && after.visible > null"))
        .isInstanceOfSatisfying(
            ConfigException.class,
            refused ->
                assertThat(refused.problems())
                    .hasSize(2)
                    .allSatisfy(problem -> assertThat(problem.path()).isEqualTo("rules[0].when")));
  }

  @Test
  void aConditionIsPartOfTheFingerprintOfItsCaches() {
    Rules one = rules("before.amount != after.amount");
    Rules other = rules("after.visible");

    assertThat(one.fingerprints())
        .isEqualTo(rules(" before.amount != after.amount ").fingerprints());
    assertThat(one.fingerprints().get("product")).isNotEqualTo(other.fingerprints().get("product"));
    assertThat(one.fingerprint()).isNotEqualTo(other.fingerprint());
  }

  /**
   * The oracle: what is cached of a category is the amounts of its visible rows. Where that
   * changes, its key has to be among those touched; and none is touched that shows no such row.
   */
  @Test
  void touchesEveryKeyWhoseVisibleRowsChanged() {
    Derivation derivation = derivation("after.visible && number(after.amount) > 2");
    AtomicInteger skipped = new AtomicInteger();
    Cases.check(
        CHANGES,
        random -> {
          Map<String, @Nullable String> old = random.nextInt(5) == 0 ? null : randomRow(random);
          Map<String, @Nullable String> now =
              old == null || random.nextInt(5) > 0 ? randomRow(random) : null;

          Set<String> touched = touched(derivation, old, now);

          for (String category : List.of("1", "2")) {
            boolean shown = isShown(old, category) || isShown(now, category);
            boolean changed =
                isShown(old, category) != isShown(now, category)
                    || (shown && !amount(old).equals(amount(now)));
            String what = "%s to %s".formatted(old, now);
            if (changed) {
              assertThat(touched).as(what).contains("category:" + category);
            }
            if (!shown && !hasUnknownOrder(old) && !hasUnknownOrder(now)) {
              assertThat(touched).as(what).doesNotContain("category:" + category);
              skipped.incrementAndGet();
            }
          }
        });
    assertThat(skipped.get()).isPositive();
  }

  private static boolean isShown(@Nullable Map<String, @Nullable String> row, String category) {
    String amount = row == null ? null : row.get("amount");
    return row != null
        && category.equals(row.get("category_id"))
        && "true".equals(row.get("visible"))
        && amount != null
        && Integer.parseInt(amount) > 2;
  }

  /** NULL > 2 is unknown, and so matters. */
  private static boolean hasUnknownOrder(@Nullable Map<String, @Nullable String> row) {
    return row != null && (row.get("amount") == null || row.get("visible") == null);
  }

  private static String amount(@Nullable Map<String, @Nullable String> row) {
    return row == null ? "" : Objects.toString(row.get("amount"));
  }

  private static Map<String, @Nullable String> randomRow(Random random) {
    Map<String, @Nullable String> row =
        row(
            "7",
            random.nextInt(9) == 0 ? null : "" + (1 + random.nextInt(2)),
            random.nextInt(9) == 0 ? null : "" + random.nextInt(5),
            random.nextInt(9) == 0 ? null : "" + random.nextBoolean());
    return row;
  }

  private static Rules rules(String when) {
    return Rules.compile(
        ShopRules.config(
            CACHES,
            """
              - table: public.product
                when: '%s'
                keys: [ "product:{id}", "category:{category_id}" ]
            """
                .formatted(when.replace("'", "''"))));
  }

  private static Derivation derivation(String when) {
    return new Derivation(rules(when));
  }

  private static Set<String> touched(
      Derivation derivation,
      @Nullable Map<String, @Nullable String> before,
      @Nullable Map<String, @Nullable String> after) {
    Operation operation =
        before == null ? Operation.INSERT : after == null ? Operation.DELETE : Operation.UPDATE;
    Derivation.Touched touched =
        derivation.derive(
            change(
                operation, before == null ? Map.of() : before, after == null ? Map.of() : after));
    assertThat(touched.voided()).isEmpty();
    assertThat(touched.failures()).isEmpty();
    Set<String> keys = new LinkedHashSet<>();
    touched.keys().keySet().forEach(key -> keys.add(key.key()));
    return keys;
  }

  private static ChangeEvent change(
      Operation operation,
      Map<String, @Nullable String> before,
      Map<String, @Nullable String> after) {
    return change("public.product", operation, before, after);
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

  private static Map<String, @Nullable String> row(
      @Nullable String id,
      @Nullable String category,
      @Nullable String amount,
      @Nullable String visible) {
    Map<String, @Nullable String> row = new HashMap<>();
    row.put("id", id);
    row.put("category_id", category);
    row.put("amount", amount);
    row.put("visible", visible);
    return row;
  }
}
