package dev.hearth.chassis.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** Plans of warm-up runs, webhooks and refreshed caches in a configuration. */
class WarmupConfigTest {
  private static final String SHOP =
      """
      source: { postgres: { url: "jdbc:postgresql://db:5432/shop", user: hearth } }
      kafka: { bootstrapServers: "kafka:9092" }
      stores: { redis: { type: redis, uri: "redis://cache:6379" } }
      caches:
        product:
          stores: [ redis ]
          key: "product:{id}"
          load: select id, name from product where id = any(:id)
        page: { stores: [ redis ], key: "page:{id}" }
        session: { stores: [ redis ], key: "session:{id}", mode: observe }
      rules: [ { table: public.product, keys: [ "product:{id}" ] } ]
      """;

  @Test
  void aPlanSaysItAll() {
    HearthConfig config =
        load(
            """
            warmups:
              after-deploy:
                caches: [ product ]
                top: 500
                by: weight
                budget: 60s
                environments: [ production ]
                schedule: "30 6 * * 1-5"
                timeZone: Europe/Berlin
                onColdStore: true
            hooks: { secret: "${env:HOOK}", tolerance: 2m }
            """);

    assertThat(config.warmups())
        .containsExactly(
            Map.entry(
                "after-deploy",
                new HearthConfig.Warmup(
                    List.of("product"),
                    500,
                    HearthConfig.By.WEIGHT,
                    Duration.ofMinutes(1),
                    List.of("production"),
                    "30 6 * * 1-5",
                    "Europe/Berlin",
                    true)));
    assertThat(config.hooks())
        .isEqualTo(new HearthConfig.Hooks(new Secret("0123456789abcdef"), Duration.ofMinutes(2)));
    assertThat(config.toString()).doesNotContain("0123456789abcdef");
  }

  @Test
  void aPlanNeedsNoMoreThanItsCaches() {
    HearthConfig config = load("warmups: { nightly: { caches: [ product ] } }");

    HearthConfig.Warmup plan = Objects.requireNonNull(config.warmups().get("nightly"));
    assertThat(plan)
        .isEqualTo(
            new HearthConfig.Warmup(
                List.of("product"),
                10_000,
                HearthConfig.By.READS,
                Duration.ofMinutes(10),
                List.of(),
                null,
                "UTC",
                false));
    assertThat(plan.cron()).isEmpty();
    assertThat(config.hooks()).isEqualTo(new HearthConfig.Hooks(null, Duration.ofMinutes(5)));
  }

  @Test
  void aScheduleIsInItsTimeZone() {
    CronSchedule schedule = CronSchedule.parse("30 6 * * 1-5", "Europe/Berlin");

    // A Friday; the next is a Monday, and one hour off in winter.
    assertThat(schedule.after(Instant.parse("2026-11-20T05:29:59Z")))
        .contains(Instant.parse("2026-11-20T05:30:00Z"));
    assertThat(schedule.after(Instant.parse("2026-11-20T05:30:00Z")))
        .contains(Instant.parse("2026-11-23T05:30:00Z"));
  }

  @Test
  void aCacheIsRefreshedWhereThatIsAsked() {
    HearthConfig config =
        ConfigLoader.parse(
                "hearth.yaml", SHOP, Map.of("HEARTH_CACHES_PRODUCT_REFRESH", "true"), Map.of())
            .config();

    assertThat(Objects.requireNonNull(config.caches().get("product")).refresh()).isTrue();
    assertThat(Objects.requireNonNull(config.caches().get("page")).refresh()).isFalse();
  }

  @Test
  void allThatIsWrongIsSaidAtOnce() {
    assertThat(
            problems(
                SHOP.replace("key: \"page:{id}\"", "key: \"page:{id}\", refresh: true")
                    + """
                    warmups:
                      "after deploy": { caches: [ product ] }
                      a: { caches: [ prodct, page, session, product, product ] }
                      b: { caches: [ product ], top: 0, by: size, budget: 7h }
                      c: { caches: [ product ], schedule: "0 0 6 * * ?", timeZone: Berlin }
                      d: { caches: [ product ], environments: [ prod, prod ] }
                      e: { top: 5, shedule: "* * * * *" }
                      f: { caches: [ product ], onColdStore: maybe, schedule: "61 * * * *" }
                    hooks: { tolerance: 2h }
                    """))
        .containsExactly(
            "caches.page.refresh: cache 'page' has no load query, so it is not refreshed; add"
                + " caches.page.load",
            "warmups.after deploy: 'after deploy' is not a name of a plan; expected 1 to 100"
                + " letters, digits and . _ - such as after-deploy",
            "warmups.a.caches[0]: no cache named 'prodct'; did you mean 'product'?",
            "warmups.a.caches[1]: cache 'page' has no load query, so it is not warmed; add"
                + " caches.page.load",
            "warmups.a.caches[2]: cache 'session' is of mode observe, so it is not warmed;"
                + " expected one of mode fenced",
            "warmups.a.caches[4]: 'product' stands in the list twice; remove one",
            "warmups.b.top: 0 is not a whole number from 1 to 1000000; expected a number of keys"
                + " such as 10000",
            "warmups.b.by: \"size\" is not an order of keys; expected one of reads, weight",
            "warmups.b.budget: \"7h\" is too long; expected 1s to 6h",
            "warmups.c.schedule: \"0 0 6 * * ?\" is not a cron expression; expected five fields"
                + " such as \"0 6 * * *\", every day at six",
            "warmups.c.timeZone: \"Berlin\" is not a time zone; expected one such as UTC or"
                + " Europe/Berlin",
            "warmups.d.environments: no webhook can start it, for hooks.secret is missing; set"
                + " it, or remove the environments",
            "warmups.d.environments[1]: 'prod' stands in the list twice; remove one",
            "warmups.e.caches: missing; expected a list of cache names such as [ product ]",
            "warmups.e.shedule: unknown key; did you mean 'schedule'?",
            "warmups.f.onColdStore: \"maybe\" is not true or false; expected true or false",
            "warmups.f.schedule: \"61 * * * *\" is not a cron expression; expected five fields"
                + " such as \"0 6 * * *\", every day at six",
            "hooks.tolerance: \"2h\" is too long; expected 10s to 1h");
  }

  @Test
  void aShortSecretIsRefusedAndNotPrinted() {
    assertThat(problems(SHOP + "hooks: { secret: tooshort }\n"))
        .containsExactly(
            "hooks.secret: the value is not a secret of at least 16 characters; expected at least"
                + " 16 characters, such as ${env:HEARTH_HOOK_SECRET}");
  }

  private static HearthConfig load(String sections) {
    return ConfigLoader.parse(
            "hearth.yaml", SHOP + sections, Map.of("HOOK", "0123456789abcdef"), Map.of())
        .config();
  }

  private static List<String> problems(String yaml) {
    ConfigException refused =
        catchThrowableOfType(
            ConfigException.class,
            () -> ConfigLoader.parse("hearth.yaml", yaml, Map.of(), Map.of()));
    assertThat(refused).as("a configuration with problems").isNotNull();
    return refused.problems().stream().map(Problem::toString).toList();
  }
}
