package dev.hearth.ingest;

import static dev.hearth.ingest.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.hearth.chassis.config.ConfigException;
import dev.hearth.chassis.config.HearthConfig;
import dev.hearth.chassis.config.Problem;
import dev.hearth.schemas.change.ChangeEvent;
import dev.hearth.schemas.position.EpochRaised;
import java.util.List;
import org.junit.jupiter.api.Test;

class TablePatternsTest {
  private static final String RULES =
      """
      caches:
        product: { stores: [ redis ], key: "product:{id}" }
        visit: { stores: [ redis ], key: "visit:{id}" }
      rules:
        - { table: "tenant_*.product", keys: [ "product:{id}" ] }
        - { table: "public.visit*", keys: [ "visit:{id}" ] }
      """;
  private static final String SCHEMA =
      """
      create schema tenant_a; create schema tenant_b; create schema other;
      create table tenant_a.product (id int primary key);
      create table tenant_b.product (id int primary key);
      create table other.product (id int primary key);
      create table visit (id int, day date, primary key (id, day)) partition by range (day);
      create table visit_2024 partition of visit for values from ('2024-01-01') to ('2025-01-01');
      """;

  @Test
  void aRuleIsOfEachTableThatItsPatternMatchesAndKeepsItsPlace() {
    HearthConfig.Rule pattern =
        new HearthConfig.Rule("tenant_*.product", List.of(), List.of("p:{id}"), null, null, 1);
    HearthConfig.Rule plain =
        new HearthConfig.Rule("public.price", List.of(), List.of("p:{id}"), null, null, 1);

    TablePatterns resolved =
        TablePatterns.of(
            List.of(pattern, plain),
            List.of("other.product", "tenant_a.product", "tenant_b.product"));

    assertThat(resolved.rules())
        .extracting(HearthConfig.Rule::table)
        .containsExactly("tenant_a.product", "tenant_b.product", "public.price");
    assertThat(resolved.inConfiguration(new Problem("rules[1].keys[0]", "x")).path())
        .isEqualTo("rules[0].keys[0]");
    assertThat(resolved.inConfiguration(new Problem("rules[2].table", "x")).path())
        .isEqualTo("rules[1].table");
    assertThat(resolved.problems()).isEmpty();
  }

  @Test
  void followsWhatMatchesPartitionsUnderTheNameOfTheirRootAndTablesThatAppearLater()
      throws Exception {
    try (SourceFixture source = new SourceFixture(SCHEMA)) {
      source.start(source.config(RULES));
      SourceFixture.Reader reader = source.reader();
      reader.awaitWatermarkOfASettledEpoch();

      source.execute(
          """
          insert into tenant_a.product values (1);
          insert into other.product values (2);
          insert into tenant_b.product values (3);
          insert into visit values (4, '2024-05-05');
          create table visit_2025 partition of visit for values from ('2025-01-01') to ('2026-01-01');
          insert into visit values (5, '2025-05-05');
          """);

      eventually(
          () ->
              assertThat(reader.changes())
                  .extracting(TablePatternsTest::row)
                  .contains(
                      "tenant_a.product 1",
                      "tenant_b.product 3",
                      "public.visit 4",
                      "public.visit 5")
                  .doesNotContain("other.product 2"));
      long epoch = lastEpoch(reader);

      source.execute(
          "create schema tenant_c; create table tenant_c.product (id int primary key);"
              + " insert into tenant_c.product values (6)");

      eventually(
          () -> assertThat(lastEpoch(reader)).as("void, for 6 was missed").isGreaterThan(epoch));
      reader.awaitWatermarkOfASettledEpoch();
      source.execute("update tenant_c.product set id = 7");
      eventually(
          () ->
              assertThat(reader.changes())
                  .extracting(TablePatternsTest::row)
                  .contains("tenant_c.product 7"));
    }
  }

  @Test
  void mistakesAreNamedWhereTheUserWroteThemOnce() throws Exception {
    try (SourceFixture source = new SourceFixture(SCHEMA)) {
      String rules =
          RULES.replace("product:{id}\" ] }", "product:{idd}\" ] }")
              + """
                - { table: "public.order_*", keys: [ "visit:{id}" ] }
                - { table: "public.visit_*", keys: [ "visit:{id}" ] }
              """;

      ConfigException refused =
          catchThrowableOfType(
              ConfigException.class, () -> SourceCheck.check(source.config(rules)));

      assertThat(refused.problems())
          .extracting(Problem::toString)
          .containsExactly(
              "rules[0].keys[0]: \"product:{idd}\" names no column of tenant_a.product (id); did you"
                  + " mean 'id'?",
              "rules[0].keys[0]: \"product:{idd}\" names no column of tenant_b.product (id); did you"
                  + " mean 'id'?",
              "rules[2].table: no table matches public.order_*; expected the pattern of at least"
                  + " one, partitions not counted",
              "rules[3].table: no table matches public.visit_*; expected the pattern of at least"
                  + " one, partitions not counted");
    }
  }

  private static String row(ChangeEvent change) {
    return change.table() + " " + change.after().columns().get("id");
  }

  private static long lastEpoch(SourceFixture.Reader reader) {
    return reader.marks().stream()
        .filter(EpochRaised.class::isInstance)
        .mapToLong(mark -> mark.position().epoch())
        .max()
        .orElse(0);
  }
}
