package dev.hearth.chassis.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.Collections;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class MetricsTest {

  private final Metrics metrics = new Metrics("1.2.3");

  @AfterEach
  void close() {
    metrics.close();
  }

  @Test
  void showsEveryMetricOfTheCatalogueUnderItsName() {
    for (Metric metric : Metric.values()) {
      String[] labels = Collections.nCopies(metric.labels().size(), "x").toArray(String[]::new);
      switch (metric.type()) {
        case COUNTER -> metrics.counter(metric, labels).increment();
        case GAUGE -> metrics.gauge(metric, () -> 1, labels);
        case SUMMARY -> metrics.timer(metric, labels).record(Duration.ofMillis(1));
        case HISTOGRAM, INFO -> {
          // There from the start.
        }
      }
    }

    for (String mediaType : new String[] {Metrics.PROMETHEUS_TEXT, Metrics.OPEN_METRICS}) {
      String text = metrics.scrape(mediaType);
      for (Metric metric : Metric.values()) {
        String series =
            switch (metric.type()) {
              case HISTOGRAM -> metric.exposedName() + "_bucket";
              case SUMMARY -> metric.exposedName() + "_count";
              case COUNTER, GAUGE, INFO -> metric.exposedName();
            };
        assertThat(text.lines())
            .as("%s as %s", metric, mediaType)
            .anyMatch(line -> line.startsWith(series + " ") || line.startsWith(series + "{"));
      }
    }
  }

  @Test
  void saysWhatRuns() {
    assertThat(metrics.scrape(Metrics.PROMETHEUS_TEXT))
        .contains("hearth_build_info{java=\"" + Runtime.version() + "\",version=\"1.2.3\"} 1");
  }

  @Test
  void keepsTheLagOfAPhaseInFixedBucketsAndExactly() {
    LagTimer lag = metrics.lagTimer(Phase.COMMIT_TO_APPLY);

    IntStream.rangeClosed(1, 100).forEach(i -> lag.record(Duration.ofMillis(i)));

    LagSnapshot found = lag.snapshot();
    assertThat(found.count()).isEqualTo(100);
    assertThat(found.p50Millis()).isCloseTo(50, Offset.offset(0.1));
    assertThat(found.p99Millis()).isCloseTo(99, Offset.offset(0.1));
    assertThat(found.maxMillis()).isCloseTo(100, Offset.offset(0.1));
    assertThat(metrics.lags().get(Phase.COMMIT_TO_APPLY)).isEqualTo(found);
    assertThat(metrics.scrape(Metrics.PROMETHEUS_TEXT))
        .contains("hearth_lag_seconds_bucket{phase=\"commit_to_apply\",le=\"0.001\"} 1\n")
        .contains("hearth_lag_seconds_bucket{phase=\"commit_to_apply\",le=\"0.05\"} 50\n")
        .contains("hearth_lag_seconds_bucket{phase=\"commit_to_apply\",le=\"60.0\"} 100\n");
  }

  @Test
  void tellsALiveLineWhatCameSinceItLastAsked() {
    LagTimer lag = metrics.lagTimer(Phase.COMMIT_TO_CAPTURE);
    lag.record(Duration.ofSeconds(5));
    lag.sinceLast();

    lag.record(Duration.ofMillis(2));

    assertThat(lag.sinceLast()).isEqualTo(new LagSnapshot(1, 2, 2, 2));
    assertThat(lag.sinceLast()).isEqualTo(new LagSnapshot(0, 0, 0, 0));
    assertThat(lag.snapshot().count()).isEqualTo(2);
  }

  @Test
  void tellsWhatCameAfterAMoment() {
    LagTimer lag = metrics.lagTimer(Phase.COMMIT_TO_CAPTURE);
    lag.record(Duration.ofSeconds(5));
    LagTimer.Mark warm = lag.mark();

    lag.record(Duration.ofMillis(2));

    assertThat(lag.since(warm)).isEqualTo(new LagSnapshot(1, 2, 2, 2));
    assertThat(lag.snapshot().count()).isEqualTo(2);
  }

  @Test
  void countsALagThatClocksMadeNegativeAsNone() {
    LagTimer lag = metrics.lagTimer(Phase.COMMIT_TO_CAPTURE);

    lag.record(Duration.ofMillis(-3));
    lag.record(Duration.ofDays(40));

    assertThat(lag.snapshot().count()).isEqualTo(2);
    assertThat(lag.snapshot().maxMillis()).isCloseTo(86_400_000.0, Offset.offset(100_000.0));
  }

  @Test
  void givesTheSameCounterForTheSameLabels() {
    metrics.counter(Metric.DEAD_LETTERS, "derive").increment();
    metrics.counter(Metric.DEAD_LETTERS, "derive").increment();

    assertThat(metrics.counter(Metric.DEAD_LETTERS, "derive").count()).isEqualTo(2);
  }

  @Test
  void asksTheNewestSupplierOfAGauge() {
    AtomicInteger held = new AtomicInteger(7);

    metrics.gauge(Metric.WATERMARK_AGE, () -> 1, "redis");
    metrics.gauge(Metric.WATERMARK_AGE, () -> 2, "hazelcast");
    metrics.gauge(Metric.WATERMARK_AGE, held::get, "redis");

    assertThat(metrics.scrape(Metrics.PROMETHEUS_TEXT))
        .contains("hearth_watermark_age_seconds{store=\"redis\"} 7.0")
        .contains("hearth_watermark_age_seconds{store=\"hazelcast\"} 2.0");
  }

  @Test
  void refusesLabelsThatTheCatalogueDoesNotName() {
    assertThatThrownBy(() -> metrics.counter(Metric.FILLS, "product"))
        .hasMessage(
            "hearth_fills_total: 1 label values; expected one for each of [cache, store, outcome]");
    assertThatThrownBy(() -> metrics.counter(Metric.GATE_HELD))
        .hasMessage("hearth_gate_held is a GAUGE, not a COUNTER");
  }
}
