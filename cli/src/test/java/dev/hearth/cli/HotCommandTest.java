package dev.hearth.cli;

import static dev.hearth.cli.Ran.run;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.hearth.chassis.OperationsHttp;
import dev.hearth.chassis.config.HearthConfig;
import dev.hearth.chassis.health.Health;
import dev.hearth.chassis.metrics.Metrics;
import dev.hearth.schemas.access.HotKeys;
import dev.hearth.schemas.access.HotKeys.HotKey;
import dev.hearth.schemas.warmup.WarmupRun;
import dev.hearth.warmer.trigger.WarmupRequests;
import dev.hearth.warmer.trigger.WarmupRoutes;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class HotCommandTest {
  private static final HotKeys PRODUCTS =
      new HotKeys(
          "product",
          Instant.parse("2026-11-23T08:00:00Z"),
          Duration.ofMinutes(10),
          List.of(
              new HotKey("product:1", 1234.5, 0.25, 12_345, 2_048, 0.5),
              new HotKey("product:2", 9.5, 0, 0, 0, 28.5),
              new HotKey("product:\u001b[2Jx", 0.04, 0.01)));

  private final Metrics metrics = new Metrics("1.2.3");
  private final OperationsHttp http =
      new OperationsHttp(
          new HearthConfig.Http("127.0.0.1", 0, null),
          new Health(),
          metrics,
          List.of(
              new WarmupRoutes(
                  new NoRuns(),
                  cache -> Optional.of(PRODUCTS).filter(hot -> hot.cache().equals(cache)),
                  Set.of("product", "page"))));

  /** Nobody asks for a run here. */
  private static final class NoRuns implements WarmupRequests {
    @Override
    public Answer request(String cache, int top) {
      return new Answer.Refused("nothing runs");
    }

    @Override
    public Optional<WarmupRun> find(String id) {
      return Optional.empty();
    }

    @Override
    public Optional<WarmupRun> cancel(String id) {
      return Optional.empty();
    }
  }

  @BeforeEach
  void start() throws Exception {
    http.start();
  }

  @AfterEach
  void close() {
    http.close();
    metrics.close();
  }

  @Test
  void showsRatesCostsAndWhatIsBetterNotCached() {
    Ran ran = hot("--cache", "product");

    assertThat(ran.status()).isZero();
    assertThat(ran.out())
        .isEqualToNormalizingNewlines(
            """
            product, as of 2026-11-23T08:00:00Z, half-life 600 s
              key                                                 reads/s (error)   writes/s  reads/write       load      size  advice
              product:1                                             1,234 (-0.25)       0.50        2,469    12.3 ms    2.0 kB
              product:2                                                      9.50       28.5         0.33          -         -  do not cache: at most 25 % hits
              product:?[2Jx                                        0.040 (-0.010)          0            -          -         -
            """);
  }

  @Test
  void showsAllCachesWhereNoneIsNamed() {
    Ran ran = hot("--top", "1");

    assertThat(ran.status()).isZero();
    assertThat(ran.out())
        .contains("page: nobody has reported reads yet", "product:1")
        .doesNotContain("product:2");
  }

  @Test
  void isOneObjectForPrograms() throws Exception {
    JsonNode json = new ObjectMapper().readTree(hot("--cache", "product", "-o", "json").out());

    assertThat(json.path("keys").path(1).path("churning").asBoolean()).isTrue();
    assertThat(json.path("keys").path(0).path("errorPerSecond").asDouble()).isEqualTo(0.25);
    assertThat(hot("--cache", "product", "-o", "yaml").out()).contains("churning: true");
  }

  @Test
  void saysWhatIsWrongWithTheQuestion() {
    assertThat(hot("--cache", "nowhere").err())
        .contains("There is no cache \"nowhere\".", "expected one of page, product");
    assertThat(hot("--cache", "nowhere").status()).isEqualTo(2);
    assertThat(hot("--top", "many").err()).contains("top: is many; expected a whole number");
    assertThat(hot("--top", "0").status()).isEqualTo(2);
  }

  private Ran hot(String... arguments) {
    String[] all = new String[arguments.length + 3];
    all[0] = "hot";
    all[1] = "--url";
    all[2] = http.uri().toString();
    System.arraycopy(arguments, 0, all, 3, arguments.length);
    return run(all);
  }
}
