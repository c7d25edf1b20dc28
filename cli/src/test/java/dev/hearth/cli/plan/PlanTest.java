package dev.hearth.cli.plan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.chassis.config.ConfigLoader;
import dev.hearth.chassis.config.HearthConfig;
import dev.hearth.invalidator.derivation.KnownRows;
import dev.hearth.schemas.change.ChangeEvent;
import dev.hearth.schemas.change.Operation;
import dev.hearth.schemas.change.RowImage;
import dev.hearth.schemas.position.Position;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PlanTest {
  private static final Instant NOON = Instant.parse("2026-05-01T12:00:00Z");
  private static final RowImage ONE = new RowImage(Map.of("id", "1", "category_id", "10"));
  private static final RowImage MOVED = new RowImage(Map.of("id", "1", "category_id", "20"));

  private static final String THROUGH =
      "- { table: public.category, through: { table: public.product, on: \"category_id = id\" },"
          + " keys: [ \"product:{product.id}\" ], limit: 3 }";

  private final RowsInMemory source = new RowsInMemory();

  @TempDir private Path directory = Path.of(".");

  @Test
  void countsWhatEachRuleTouches() throws Exception {
    Plan plan =
        new Plan(
            config(
                "- { table: public.product, keys: [ \"product:{id}\", \"category:{category_id}\" ] }",
                "- { table: public.price, keys: [ \"product:{product_id}\" ] }"),
            Optional.empty(),
            source);

    plan.see(change("public.product", Operation.INSERT, RowImage.UNKNOWN, ONE), key(1));
    plan.see(change("public.product", Operation.UPDATE, ONE, MOVED), key(1));
    plan.see(
        change("public.product", Operation.TRUNCATE, RowImage.UNKNOWN, RowImage.UNKNOWN), key(1));
    plan.see(change("public.stock", Operation.INSERT, RowImage.UNKNOWN, ONE), key(1));

    RuleTrial.Report product = plan.report().rules().get(0);
    assertThat(product.changes()).isEqualTo(3);
    assertThat(product.fired()).isEqualTo(3);
    assertThat(product.keys()).as("1 and 10, then 1, 10 and 20").isEqualTo(5);
    assertThat(product.mostKeys()).isEqualTo(3);
    assertThat(product.voids()).containsOnly(Map.entry("truncate", 2));
    assertThat(product.notKnown()).isZero();
    assertThat(plan.report().rules().get(1).changes()).isZero();
    assertThat(plan.report().changes()).isEqualTo(4);
  }

  @Test
  void readsAColumnThatNoRuleWantedOfTheRowAsItIsNow() throws Exception {
    Plan plan = plan(config("- { table: public.product, keys: [ \"category:{category_id}\" ] }"));
    source.rows.put("public.product:1", MOVED);

    // Captured for a rule that wanted the id alone.
    RowImage captured = new RowImage(Map.of("id", "1"));
    plan.see(change("public.product", Operation.INSERT, RowImage.UNKNOWN, captured), key(1));
    plan.see(change("public.product", Operation.INSERT, RowImage.UNKNOWN, captured), key(2));

    RuleTrial.Report report = plan.report().rules().get(0);
    assertThat(report.changes()).isEqualTo(2);
    assertThat(report.fired()).isEqualTo(1);
    assertThat(report.readNow()).isEqualTo(1);
    assertThat(report.notKnown()).as("the row is gone").isEqualTo(1);
    assertThat(report.missingColumns()).containsExactly("category_id");
    assertThat(report.voids()).as("not known is no void").isEmpty();
  }

  @Test
  void takesOldValuesFromEarlierChangesAndOtherwiseSaysThatItAssumesThem() throws Exception {
    HearthConfig rules =
        config("- { table: public.product, keys: [ \"category:{category_id}\" ] }");
    Plan plan = new Plan(rules, Optional.of(rules), source);
    RowImage logged = new RowImage(Map.of("id", "1"));

    plan.see(change("public.product", Operation.UPDATE, logged, ONE), key(1));
    plan.see(change("public.product", Operation.UPDATE, logged, MOVED), key(1));
    plan.see(change("public.product", Operation.DELETE, logged, RowImage.UNKNOWN), key(1));
    plan.see(change("public.product", Operation.DELETE, logged, RowImage.UNKNOWN), key(1));

    RuleTrial.Report report = plan.report().rules().get(0);
    assertThat(report.keys()).as("10, then 10 and 20, then 20").isEqualTo(4);
    assertThat(report.assumed()).as("the old value of the first update").isEqualTo(1);
    assertThat(report.notKnown()).as("what the second delete took out").isEqualTo(1);
    assertThat(report.missingColumns()).containsExactly("category_id");
    assertThat(report.voids()).as("a running Hearth knows its rows").isEmpty();
    assertThat(comparison(plan).notKnown()).isEqualTo(1);
    assertThat(comparison(plan).keys().both()).isEqualTo(4);
  }

  @Test
  void followsARuleThroughItsRowsAndCountsParentAndChildApart() throws Exception {
    Plan plan = plan(config(THROUGH));
    source.children("10", 2);
    source.children("20", 3);
    source.children("30", 4);

    for (String category : List.of("10", "20", "30", "40")) {
      RowImage row = new RowImage(Map.of("id", category));
      plan.see(
          change("public.category", Operation.UPDATE, row, row), "public.category:" + category);
    }
    plan.see(change("public.product", Operation.INSERT, RowImage.UNKNOWN, ONE), key(1));

    RuleTrial.Report category = plan.report().rules().get(0);
    assertThat(category.table()).isEqualTo("public.category");
    assertThat(category.changes()).isEqualTo(4);
    assertThat(category.fired()).as("40 has no products").isEqualTo(3);
    assertThat(category.keys()).isEqualTo(5);
    assertThat(category.mostKeys()).isEqualTo(3);
    assertThat(category.limit()).isEqualTo(3);
    assertThat(category.aboveLimit()).as("30").isEqualTo(1);
    assertThat(category.voids()).containsOnly(Map.entry("fan-out", 1));
    assertThat(category.notKnown()).isZero();
    RuleTrial.Report product = plan.report().rules().get(1);
    assertThat(product.table()).isEqualTo("public.product");
    assertThat(product.changes()).isEqualTo(1);
    assertThat(product.keys()).isEqualTo(1);
    assertThat(plan.report().lookUps()).isEqualTo(4);
    assertThat(source.asked).as("each once, for old and new row").hasSize(4);
    assertThat(ReportText.of(plan.report()))
        .contains("voids whole caches, fan-out once; its limit is 3\n")
        .contains("4 look-ups: rows of other tables are those of the source now");
  }

  @Test
  void asksOnceForRulesWithDifferentLimitsAndComparesTheirKeys() throws Exception {
    Plan plan =
        new Plan(
            config(THROUGH.replace("limit: 3", "limit: 100")),
            Optional.of(config(THROUGH)),
            source);
    source.children("10", 2);
    source.children("30", 4);

    for (String category : List.of("10", "30")) {
      RowImage row = new RowImage(Map.of("id", category));
      plan.see(
          change("public.category", Operation.UPDATE, row, row), "public.category:" + category);
    }

    assertThat(source.asked).hasSize(2);
    assertThat(comparison(plan).keys().both()).isEqualTo(2);
    assertThat(comparison(plan).keys().onlyNew()).isEqualTo(4);
    assertThat(comparison(plan).keys().onlyNewExamples())
        .contains("product product:300 (update of public.category, transaction 7)");
    assertThat(comparison(plan).voidedCaches().onlyOld()).isEqualTo(1);
  }

  @Test
  void aChildThatMovedIsLeftOutWhereItsOwnChangesDoNotFire() throws Exception {
    Plan plan = plan(config(THROUGH.replace("= id\" }", "= id\", ownChanges: false }")));

    plan.see(change("public.product", Operation.UPDATE, ONE, MOVED), key(1));

    assertThat(plan.report().rules()).hasSize(1);
    assertThat(plan.report().rules().get(0).changes()).isZero();
  }

  @Test
  void whatTheSourceDoesNotAnswerIsNotKnownInsteadOfAVoid() throws Exception {
    HearthConfig rules = config(THROUGH);
    Plan plan = new Plan(rules, Optional.of(rules), PresentRows.none("it is away"));
    RowImage row = new RowImage(Map.of("id", "10"));

    plan.see(change("public.category", Operation.UPDATE, row, row), "public.category:10");
    plan.see(
        change("public.category", Operation.TRUNCATE, RowImage.UNKNOWN, RowImage.UNKNOWN),
        "public.category");

    RuleTrial.Report report = plan.report().rules().get(0);
    assertThat(report.notKnown()).isEqualTo(1);
    assertThat(report.unanswered()).isEqualTo(1);
    assertThat(report.voids()).containsOnly(Map.entry("truncate", 1));
    assertThat(comparison(plan).notKnown()).isEqualTo(1);
    assertThat(ReportText.of(plan.report())).contains("Not everything was answered: it is away");
  }

  @Test
  void saysWhichTablesTheStreamCannotHave() throws Exception {
    Plan plan =
        new Plan(
            config(THROUGH),
            Optional.of(config("- { table: public.category, keys: [ \"category:{id}\" ] }")),
            source);

    assertThat(plan.report().notFollowed()).containsExactly("public.product");
    assertThat(ReportText.of(plan.report()))
        .contains("public.product: the rules of --against do not name it");
  }

  @Test
  void comparesKeyByKeyAndCacheByCache() throws Exception {
    Plan plan =
        new Plan(
            config("- { table: public.product, keys: [ \"category:{category_id}\" ] }"),
            Optional.of(
                config(
                    "- { table: public.product, keys: [ \"product:{id}\","
                        + " \"category:{category_id}\" ] }")),
            source);

    plan.see(change("public.product", Operation.UPDATE, ONE, MOVED), key(1));
    plan.see(
        change("public.product", Operation.TRUNCATE, RowImage.UNKNOWN, RowImage.UNKNOWN), key(1));

    RuleComparison.Report report = comparison(plan);
    assertThat(report.keys().both()).isEqualTo(2);
    assertThat(report.keys().onlyOld()).isEqualTo(1);
    assertThat(report.keys().onlyOldExamples())
        .containsExactly("product product:1 (update of public.product, transaction 7)");
    assertThat(report.keys().onlyNew()).isZero();
    assertThat(report.keys().differentByTable()).containsOnly(Map.entry("public.product", 1L));
    assertThat(report.voidedCaches().both()).isEqualTo(1);
    assertThat(report.voidedCaches().onlyOldExamples())
        .containsExactly("product (truncate of public.product, transaction 7)");
  }

  /** A source of a few rows. */
  private static final class RowsInMemory implements PresentRows {
    private final Map<String, RowImage> rows = new LinkedHashMap<>();
    private final List<String> asked = new ArrayList<>();

    void children(String category, int number) {
      for (int i = 0; i < number; i++) {
        String id = category + i;
        rows.put("public.product:" + id, new RowImage(Map.of("id", id, "category_id", category)));
      }
    }

    @Override
    public Optional<RowImage> row(String table, String key) {
      return Optional.ofNullable(rows.get(key));
    }

    @Override
    public KnownRows.Found find(String table, String column, String value, int limit) {
      asked.add(table + " " + column + " " + value);
      List<RowImage> found =
          rows.entrySet().stream()
              .filter(row -> row.getKey().startsWith(table + ":"))
              .map(Map.Entry::getValue)
              .filter(row -> row.value(column).equals(Optional.of(value)))
              .toList();
      return found.size() > limit
          ? new KnownRows.Found.TooMany()
          : new KnownRows.Found.Matches(found);
    }

    @Override
    public List<String> failures() {
      return List.of();
    }
  }

  private Plan plan(HearthConfig rules) {
    return new Plan(rules, Optional.empty(), source);
  }

  private static RuleComparison.Report comparison(Plan plan) {
    return Optional.ofNullable(plan.report().comparison()).orElseThrow();
  }

  private static String key(int id) {
    return "public.product:" + id;
  }

  private static ChangeEvent change(
      String table, Operation operation, RowImage before, RowImage after) {
    return new ChangeEvent(table, operation, before, after, 7, 1, new Position(1, 1), NOON, NOON);
  }

  private HearthConfig config(String... rules) throws Exception {
    Path file = Files.createTempFile(directory, "hearth", ".yaml");
    Files.writeString(
        file,
        """
        source: { postgres: { url: "jdbc:postgresql://db/shop", user: app } }
        kafka: { bootstrapServers: "kafka:9092" }
        stores: { redis: { type: redis, uri: "redis://cache" } }
        caches:
          product: { stores: [ redis ], key: "product:{id}" }
          category: { stores: [ redis ], key: "category:{id}" }
        rules:
          %s
        """
            .formatted(String.join("\n  ", rules)));
    return ConfigLoader.load(file, Map.of(), Map.of()).config();
  }
}
