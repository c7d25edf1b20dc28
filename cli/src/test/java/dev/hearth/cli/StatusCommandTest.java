package dev.hearth.cli;

import static dev.hearth.cli.Ran.run;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.hearth.chassis.OperationsHttp;
import dev.hearth.chassis.config.HearthConfig;
import dev.hearth.chassis.health.Health;
import dev.hearth.chassis.health.Readiness;
import dev.hearth.chassis.metrics.Metric;
import dev.hearth.chassis.metrics.Metrics;
import dev.hearth.chassis.metrics.Phase;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class StatusCommandTest {
  private final AtomicBoolean ready = new AtomicBoolean(true);
  private final Health health = new Health();
  private final Metrics metrics = new Metrics("1.2.3");
  private final OperationsHttp http =
      new OperationsHttp(new HearthConfig.Http("127.0.0.1", 0, null), health, metrics, List.of());

  @BeforeEach
  void start() throws Exception {
    health.readiness(
        "ingest",
        () ->
            ready.get()
                ? Readiness.ready("streaming from slot shop")
                : Readiness.notReady("the slot is gone"));
    metrics.lagTimer(Phase.COMMIT_TO_APPLY).record(Duration.ofMillis(4));
    metrics.gauge(Metric.WATERMARK_AGE, () -> 0.25, "redis");
    http.start();
  }

  @AfterEach
  void close() {
    http.close();
    metrics.close();
  }

  @Test
  void showsOneScreen() {
    Ran ran = run("status", "--url", http.uri().toString());

    assertThat(ran.status()).isZero();
    assertThat(ran.out())
        .isEqualToNormalizingNewlines(
            """
            hearth 1.2.3  live, ready

              ok   ingest                   streaming from slot shop

              lag in milliseconds           count        p50        p99        max
              commit_to_apply                   1        4.0        4.0        4.0

              store                    stale by at most
              redis                            0.25 s
            """);
  }

  @Test
  void failsWhereTheServiceIsNotReady() {
    ready.set(false);

    Ran ran = run("status", "--url", http.uri().toString());

    assertThat(ran.status()).isEqualTo(1);
    assertThat(ran.out()).contains("NOT READY", "FAIL ingest", "the slot is gone");
  }

  @Test
  void isOneObjectForPrograms() throws Exception {
    Ran ran = run("status", "--url", http.uri().toString(), "-o", "json");

    assertThat(new ObjectMapper().readTree(ran.out()).path("ready").asBoolean()).isTrue();
  }

  @Test
  void saysWhatToStartWhereNobodyAnswers() {
    Ran ran = run("status", "--url", "http://127.0.0.1:1");

    assertThat(ran.status()).isEqualTo(1);
    assertThat(ran.err())
        .contains("No service answers at http://127.0.0.1:1", "hearth run --config hearth.yaml");
  }
}
