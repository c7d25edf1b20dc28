package dev.hearth.cli.plan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.chassis.config.ConfigLoader;
import dev.hearth.chassis.config.HearthConfig;
import dev.hearth.schemas.change.ChangeEvent;
import dev.hearth.schemas.change.Operation;
import dev.hearth.schemas.change.RowImage;
import dev.hearth.schemas.position.Position;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PlanTest {
  private static final Instant NOON = Instant.parse("2026-05-01T12:00:00Z");
  private static final RowImage ONE = new RowImage(Map.of("id", "1", "category_id", "10"));
  private static final RowImage MOVED = new RowImage(Map.of("id", "1", "category_id", "20"));

  @TempDir private Path directory = Path.of(".");

  @Test
  void countsWhatEachRuleTouches() throws Exception {
    Plan plan =
        new Plan(
            config(
                "- { table: public.product, keys: [ \"product:{id}\", \"category:{category_id}\" ] }",
                "- { table: public.price, keys: [ \"product:{product_id}\" ] }"),
            Optional.empty());

    plan.see(change("public.product", Operation.INSERT, RowImage.UNKNOWN, ONE));
    plan.see(change("public.product", Operation.UPDATE, ONE, MOVED));
    plan.see(change("public.product", Operation.TRUNCATE, RowImage.UNKNOWN, RowImage.UNKNOWN));
    plan.see(change("public.stock", Operation.INSERT, RowImage.UNKNOWN, ONE));

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
  void saysOfWhatItIsNotKnownInsteadOfCallingItAVoid() throws Exception {
    Plan plan =
        new Plan(
            config("- { table: public.product, keys: [ \"category:{category_id}\" ] }"),
            Optional.empty());

    // Captured for a rule that wanted the id alone.
    plan.see(
        change(
            "public.product", Operation.INSERT, RowImage.UNKNOWN, new RowImage(Map.of("id", "1"))));

    RuleTrial.Report report = plan.report().rules().get(0);
    assertThat(report.notKnown()).isEqualTo(1);
    assertThat(report.missingColumns()).containsExactly("category_id");
    assertThat(report.voids()).isEmpty();
    assertThat(report.fired()).isZero();
  }

  @Test
  void whatARunningRuleWantedAndDidNotGetVoidsAsItDoesToday() throws Exception {
    HearthConfig running =
        config("- { table: public.product, keys: [ \"category:{category_id}\" ] }");
    Plan plan = new Plan(running, Optional.of(running));

    plan.see(
        change(
            "public.product", Operation.DELETE, new RowImage(Map.of("id", "1")), RowImage.UNKNOWN));

    RuleTrial.Report report = plan.report().rules().get(0);
    assertThat(report.notKnown()).isZero();
    assertThat(report.voids()).containsOnly(Map.entry("unknown-value", 1));
  }

  @Test
  void comparesKeyByKeyAndCacheByCache() throws Exception {
    Plan plan =
        new Plan(
            config("- { table: public.product, keys: [ \"category:{category_id}\" ] }"),
            Optional.of(
                config(
                    "- { table: public.product, keys: [ \"product:{id}\","
                        + " \"category:{category_id}\" ] }")));

    plan.see(change("public.product", Operation.UPDATE, ONE, MOVED));
    plan.see(change("public.product", Operation.TRUNCATE, RowImage.UNKNOWN, RowImage.UNKNOWN));

    RuleComparison.Report report = Optional.ofNullable(plan.report().comparison()).orElseThrow();
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
