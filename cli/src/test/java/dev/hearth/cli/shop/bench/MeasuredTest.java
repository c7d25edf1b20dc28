package dev.hearth.cli.shop.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.IntStream;
import org.HdrHistogram.Histogram;
import org.junit.jupiter.api.Test;

class MeasuredTest {
  private static final BenchSettings SETTINGS =
      new BenchSettings(Duration.ofMinutes(2), 1_000, 1_000, 1.0, 1, 1, Optional.empty(), false);

  @Test
  void aHitRatioIsReachedOnlyWhereItStays() {
    assertThat(phase(0.0, 0.9, 0.2, 0.9, 0.95).reached(0.9)).hasValue(3.0);
    assertThat(phase(0.0, 0.9, 0.2, 0.9).reached(0.9)).isEqualTo(OptionalDouble.empty());
  }

  @Test
  void isSteadyWhenTwoWindowsAreAlike() {
    assertThat(phase(0.5, 0.5, 0.502, 0.502).isSteady(2, 0.005)).isTrue();
    assertThat(phase(0.4, 0.5, 0.502, 0.502).isSteady(2, 0.005)).isFalse();
    assertThat(phase(0.5, 0.5, 0.5).isSteady(2, 0.005)).isFalse();
  }

  @Test
  void reachesItsGoalsTenTimesSoonerAtTheSameLatency() {
    Measured measured =
        measured(latency(1_000), withRun(latency(1_050), 0.0, 1.0, 1.0), rising(24));

    assertThat(measured.timesSooner()).isEqualTo(20);
    assertThat(measured.reachesItsGoals()).isTrue();
    assertThat(measured.goals())
        .extracting(Measured.Goal::found)
        .containsExactly(
            "1.0 s instead of 20.0 s: 20.0 times sooner", "1.00 ms before, 1.06 ms during: +5 %");
  }

  @Test
  void missesAGoalWhereTheDatabaseIsMoreThanATenthSlower() {
    Measured measured =
        measured(latency(1_000), withRun(latency(1_200), 0.0, 1.0, 1.0), rising(24));

    assertThat(measured.goals()).extracting(Measured.Goal::reached).containsExactly(true, false);
    assertThat(measured.reachesItsGoals()).isFalse();
  }

  @Test
  void missesTheGoalWhereTheRunDidNotBringTheHitRatio() {
    Measured measured = measured(latency(1_000), withRun(latency(1_000), 0.0, 0.1), rising(24));

    assertThat(measured.timesSooner()).isZero();
    assertThat(measured.goals().get(0).reached()).isFalse();
    assertThat(measured.goals().get(0).found())
        .isEqualTo("not reached in more than 1 s with a run");
  }

  @Test
  void doesNotCallALatencyThatNobodyMeasuredReached() {
    Measured measured =
        measured(new Histogram(2), withRun(latency(1_000), 0.0, 1.0, 1.0), rising(24));

    assertThat(measured.goals().get(1).reached()).isFalse();
  }

  @Test
  void saysMoreThanWhereTrafficAloneDidNotGetThere() {
    Measured measured =
        measured(latency(1_000), withRun(latency(1_000), 0.0, 1.0, 1.0), phase(0.1, 0.2));

    assertThat(measured.goals().get(0).found())
        .isEqualTo("1.0 s instead of more than 1 s: more than 1.0 times sooner");
  }

  @Test
  void dividesAnAxisIntoRoundSteps() {
    assertThat(Chart.step(87, 10)).isEqualTo(10);
    assertThat(Chart.step(3.9, 4)).isEqualTo(1);
    assertThat(Chart.step(130, 10)).isEqualTo(20);
    assertThat(Chart.step(0.35, 4)).isEqualTo(0.1);
  }

  private static Measured measured(Histogram before, Phase warmed, Phase cold) {
    return new Measured(
        SETTINGS,
        "redis",
        0.95,
        0.9,
        List.of(new Tick(1, 10, 9, before, before)),
        List.of(warmed),
        cold,
        0);
  }

  /** Ticks of a second, the first at 0. */
  private static Phase phase(double... ratios) {
    return new Phase(ticks(latency(1_000), ratios), Optional.empty());
  }

  private static Phase withRun(Histogram latency, double... ratios) {
    return new Phase(ticks(latency, ratios), Optional.of(new Phase.Run(1.5, 1_000, 0, "")));
  }

  /** At the target from tick 20 on. */
  private static Phase rising(int ticks) {
    return phase(IntStream.range(0, ticks).mapToDouble(i -> i < 20 ? i / 40.0 : 0.92).toArray());
  }

  private static List<Tick> ticks(Histogram latency, double... ratios) {
    List<Tick> ticks = new ArrayList<>();
    for (double ratio : ratios) {
      ticks.add(new Tick(ticks.size(), 1_000, Math.round(1_000 * ratio), latency, latency));
    }
    return ticks;
  }

  private static Histogram latency(long micros) {
    Histogram histogram = new Histogram(3);
    histogram.recordValueWithCount(micros, 100);
    return histogram;
  }
}
