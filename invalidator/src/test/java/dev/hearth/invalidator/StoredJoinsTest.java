package dev.hearth.invalidator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.invalidator.derivation.Rules;
import dev.hearth.invalidator.derivation.ShopRules;
import dev.hearth.sandbox.Cases;
import dev.hearth.schemas.change.SnapshotRequest;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Keys over one and two foreign keys, through the topology and its store on disk. */
class StoredJoinsTest {
  private static final int SCHEMAS = 25;
  private static final String SHOP =
      """
        - table: public.category
          columns: [ name ]
          through: { table: public.product, on: "category_id = id" }
          keys: [ "product:{product.id}" ]
          limit: 3
      """;

  private Path directory;
  private JoinDriver driver;

  @BeforeEach
  void open(@TempDir Path ownDirectory) {
    directory = ownDirectory;
    driver = driver(SHOP);
    driver.rows("public.category").put("10", row("10", "name", "kitchen"));
    driver.rows("public.product").put("1", row("1", "category_id", "10"));
    driver.rows("public.product").put("2", row("2", "category_id", "10"));
    driver.rows("public.product").put("3", row("3", "category_id", "11"));
  }

  private JoinDriver driver(String rules) {
    return new JoinDriver(Rules.compile(ShopRules.config(ShopRules.CACHES, rules)), directory);
  }

  /** With other rules, and no rows. */
  private void start(String rules) {
    driver.close();
    driver = driver(rules);
  }

  private void shop() {
    driver.snapshot();
  }

  @AfterEach
  void stop() {
    driver.close();
  }

  @Test
  void asksForTheRowsThatAreLookedUpAndVoidsUntilTheyAreThere() {
    start(SHOP);

    assertThat(driver.requests()).containsOnlyKeys("public.product");
    assertThat(driver.requests().values())
        .extracting(SnapshotRequest::columns)
        .containsExactly(List.of("category_id", "id"));
    assertThat(driver.write("public.category", "10", row("10", "name", "kitchen")))
        .containsExactly("void product unknown-value");
  }

  @Test
  void reachesExactlyTheChildrenOfAParent() {
    shop();

    assertThat(driver.write("public.category", "10", row("10", "name", "garden")))
        .containsExactlyInAnyOrder("product:1", "product:2");
    assertThat(driver.write("public.category", "12", row("12", "name", "attic"))).isEmpty();
  }

  @Test
  void passesOverAChangeOfOtherColumnsOfTheParent() {
    shop();
    Map<String, @Nullable String> same = row("10", "name", "kitchen");
    same.put("note", "new");

    assertThat(driver.write("public.category", "10", same)).isEmpty();
  }

  @Test
  void followsAChildThatMoves() {
    shop();
    assertThat(driver.write("public.product", "1", row("1", "category_id", "11")))
        .containsExactly("product:1");

    assertThat(driver.write("public.category", "10", row("10", "name", "garden")))
        .containsExactly("product:2");
  }

  @Test
  void touchesThePagesOfBothParentsOfAChildThatMoves() {
    start(
        """
          - table: public.category
            through: { table: public.product, on: "category_id = id" }
            keys: [ "stock:{number}:{product.color}" ]
        """);
    driver.rows("public.category").put("10", row("10", "number", "A"));
    driver.rows("public.category").put("11", row("11", "number", "B"));
    driver.rows("public.product").put("1", row("1", "category_id", "10", "color", "red"));
    driver.snapshot();

    assertThat(driver.write("public.product", "1", row("1", "category_id", "11", "color", "red")))
        .containsExactlyInAnyOrder("stock:A:red", "stock:B:red");
  }

  @Test
  void leavesTheChildsOwnChangesToOtherRulesWhereTheRuleSaysSo() {
    start(SHOP.replace("on: \"category_id = id\"", "on: \"category_id = id\", ownChanges: false"));
    driver.rows("public.product").put("1", row("1", "category_id", "10"));
    driver.snapshot();

    assertThat(driver.write("public.product", "1", row("1", "category_id", "11"))).isEmpty();
    assertThat(driver.write("public.category", "11", row("11", "name", "new")))
        .containsExactly("product:1");
  }

  @Test
  void voidsTheCacheWhereMoreRowsAreReachedThanTheRuleAllows() {
    shop();
    driver.write("public.product", "4", row("4", "category_id", "10"));
    assertThat(driver.write("public.category", "10", row("10", "name", "three")))
        .containsExactlyInAnyOrder("product:1", "product:2", "product:4");

    driver.write("public.product", "5", row("5", "category_id", "10"));

    assertThat(driver.write("public.category", "10", row("10", "name", "four")))
        .containsExactly("void product fan-out");
  }

  @Test
  void aValueOfAJoinedRowThatItsFormatDoesNotTakeIsADeadLetterAndVoidsTheCache() {
    start(
        """
          - table: public.category
            through: { table: public.product, on: "category_id = id" }
            keys: [ "stock:{number}:{product.code:pad:4}" ]
        """);
    driver.rows("public.category").put("10", row("10", "number", "A"));
    driver.rows("public.category").put("11", row("11", "number", "B"));
    driver.rows("public.product").put("1", row("1", "category_id", "10", "code", "seven"));
    driver.rows("public.product").put("2", row("2", "category_id", "11", "code", "7"));
    driver.snapshot();

    assertThat(driver.write("public.category", "10", row("10", "number", "C")))
        .containsExactly("void stock key-failed");
    assertThat(driver.deadLetters())
        .singleElement()
        .asString()
        .contains(
            "rules[0].keys[0]: \"stock:{number}:{product.code:pad:4}\" has {product.code:pad:4}, and a"
                + " value is not what that takes");
    assertThat(driver.write("public.category", "11", row("11", "number", "D")))
        .as("the rest goes on")
        .containsExactlyInAnyOrder("stock:B:0007", "stock:D:0007");
    assertThat(driver.deadLetters()).isEmpty();
  }

  @Test
  void voidsAtATruncateOfAnyTableOfTheRule() {
    shop();

    assertThat(driver.truncate("public.product")).containsExactly("void product truncate");
    assertThat(driver.truncate("public.category")).containsExactly("void product truncate");
    assertThat(driver.write("public.category", "10", row("10", "name", "empty"))).isEmpty();
  }

  /** By a second way: all chains of rows, before and after. */
  @Test
  void touchesExactlyTheKeysOfTheChainsThatAChangedRowIsPartOf() {
    AtomicInteger touched = new AtomicInteger();
    Cases.check(
        SCHEMAS,
        random -> {
          RandomRule rule = new RandomRule(random);
          start(rule.yaml());
          for (int row = 0; row < 12; row++) {
            driver.rows(rule.anyTable()).put("" + row, rule.row("" + row));
          }
          driver.snapshot();
          for (int step = 0; step < 150; step++) {
            String table = rule.anyTable();
            String id = "" + random.nextInt(6);
            Map<String, @Nullable String> old = driver.rows(table).get(id);
            Map<String, @Nullable String> next =
                old != null && random.nextInt(4) == 0 ? null : rule.changed(id, old);
            Set<String> expected = rule.chains(driver, table, old, next, old);

            Set<String> actual = new TreeSet<>(driver.write(table, id, next));

            expected.addAll(rule.chains(driver, table, old, next, next));
            assertThat(actual)
                .as("step %d: %s of %s from %s to %s%n%s", step, id, table, old, next, rule.yaml())
                .isEqualTo(expected);
            touched.addAndGet(actual.size());
          }
        });
    assertThat(touched.get()).isGreaterThan(SCHEMAS * 20);
  }

  private static Map<String, @Nullable String> row(String id, @Nullable String... columns) {
    Map<String, @Nullable String> row = new LinkedHashMap<>();
    row.put("id", id);
    for (int i = 0; i < columns.length; i += 2) {
      row.put(Objects.requireNonNull(columns[i]), columns[i + 1]);
    }
    return row;
  }

  /** A rule over two or three tables, two of which may be one. */
  private static final class RandomRule {
    private static final List<String> COLUMNS = List.of("id", "x", "y");

    private record Tier(String name, String table, String column, String former, boolean fires) {}

    private record Part(int tier, String column) {}

    private final Random random;
    private final List<Tier> tiers = new ArrayList<>();
    private final List<Part> parts = new ArrayList<>();
    private final List<String> filter = new ArrayList<>();

    private RandomRule(Random random) {
      this.random = random;
      tiers.add(new Tier("a", "public.a", "", "", true));
      int steps = 1 + random.nextInt(2);
      for (int i = 1; i <= steps; i++) {
        String table = "public." + (random.nextInt(4) == 0 ? "a" : i == 1 ? "b" : "c");
        tiers.add(new Tier("t" + i, table, column(), column(), random.nextInt(4) > 0));
      }
      for (int i = 0; i < 2; i++) {
        parts.add(new Part(random.nextInt(tiers.size()), column()));
      }
      if (random.nextBoolean()) {
        filter.add(column());
      }
    }

    private String column() {
      return COLUMNS.get(random.nextInt(COLUMNS.size()));
    }

    private String yaml() {
      StringBuilder through = new StringBuilder();
      for (int i = tiers.size() - 1; i > 0; i--) {
        Tier tier = tiers.get(i);
        String inner = through.toString();
        through.setLength(0);
        through.append(
            ", through: { table: %s, on: \"%s = %s\", as: %s, ownChanges: %s%s }"
                .formatted(
                    tier.table(), tier.column(), tier.former(), tier.name(), tier.fires(), inner));
      }
      List<String> key = new ArrayList<>();
      for (Part part : parts) {
        key.add(
            "{"
                + (part.tier() == 0 ? "" : tiers.get(part.tier()).name() + ".")
                + part.column()
                + "}");
      }
      return "  - { table: public.a, columns: %s%s, keys: [ \"stock:%s\" ] }\n"
          .formatted(filter, through, String.join(":", key));
    }

    private String anyTable() {
      return tiers.get(random.nextInt(tiers.size())).table();
    }

    private Map<String, @Nullable String> row(String id) {
      return StoredJoinsTest.row(id, "x", value(), "y", value());
    }

    private @Nullable String value() {
      return random.nextInt(8) == 0 ? null : "" + random.nextInt(4);
    }

    private Map<String, @Nullable String> changed(
        String id, @Nullable Map<String, @Nullable String> old) {
      if (old == null || random.nextInt(3) == 0) {
        return row(id);
      }
      Map<String, @Nullable String> next = new LinkedHashMap<>(old);
      next.put(random.nextBoolean() ? "x" : "y", value());
      return next;
    }

    /** Keys of all chains of the rows as they are now that have the changed row in a place. */
    private Set<String> chains(
        JoinDriver driver,
        String table,
        @Nullable Map<String, @Nullable String> old,
        @Nullable Map<String, @Nullable String> next,
        @Nullable Map<String, @Nullable String> row) {
      Set<String> keys = new TreeSet<>();
      if (row == null) {
        return keys;
      }
      for (int place = 0; place < tiers.size(); place++) {
        Tier tier = tiers.get(place);
        if (!tier.table().equals(table)
            || !tier.fires()
            || (place == 0 && old != null && next != null && !matters(old, next))) {
          continue;
        }
        int from = place;
        int to = place;
        for (Part part : parts) {
          from = Math.min(from, part.tier());
          to = Math.max(to, part.tier());
        }
        List<Map<Integer, Map<String, @Nullable String>>> chains = List.of(new HashMap<>());
        for (int at = from; at <= to; at++) {
          List<Map<Integer, Map<String, @Nullable String>>> longer = new ArrayList<>();
          for (Map<Integer, Map<String, @Nullable String>> chain : chains) {
            for (Map<String, @Nullable String> candidate :
                at == place ? List.of(row) : driver.rows(tiers.get(at).table()).values()) {
              Map<String, @Nullable String> lower = chain.get(at - 1);
              String value = candidate.get(at == 0 ? "id" : tiers.get(at).column());
              if (lower == null
                  || (value != null && value.equals(lower.get(tiers.get(at).former())))) {
                Map<Integer, Map<String, @Nullable String>> with = new HashMap<>(chain);
                with.put(at, candidate);
                longer.add(with);
              }
            }
          }
          chains = longer;
        }
        for (Map<Integer, Map<String, @Nullable String>> chain : chains) {
          List<@Nullable String> values = new ArrayList<>();
          parts.forEach(
              part ->
                  values.add(Objects.requireNonNull(chain.get(part.tier())).get(part.column())));
          if (!values.contains(null)) {
            keys.add("stock:" + String.join(":", values));
          }
        }
      }
      return keys;
    }

    private boolean matters(Map<String, @Nullable String> old, Map<String, @Nullable String> next) {
      if (filter.isEmpty()) {
        return true;
      }
      Set<String> looked = new TreeSet<>(filter);
      parts.stream().filter(part -> part.tier() == 0).forEach(part -> looked.add(part.column()));
      if (parts.stream().anyMatch(part -> part.tier() > 0)
          || tiers.stream().skip(1).anyMatch(Tier::fires)) {
        looked.add(tiers.get(1).former());
      }
      return looked.stream().anyMatch(column -> !Objects.equals(old.get(column), next.get(column)));
    }
  }
}
