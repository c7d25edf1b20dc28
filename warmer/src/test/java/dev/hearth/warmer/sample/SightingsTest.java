package dev.hearth.warmer.sample;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.hearth.schemas.access.AccessReport;
import dev.hearth.warmer.sample.KeySampler.Sighting;
import dev.hearth.warmer.sample.KeySampler.Step;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SightingsTest {
  private static final Instant NOON = Instant.parse("2026-11-23T12:00:00Z");

  @ParameterizedTest
  @CsvSource({
    "0, 10, 1, 0",
    "5, 10, 1, 0", // a new key
    "6, 10, 1, 0.18333", // 11 reads balance the loss of one in a minute
    "105, 10, 1, 16.68333",
    "255, 10, 1, 41.68333", // the highest counter there is
    "255, 100, 1, 416.68333",
    "105, 10, 5, 3.33666",
    "105, 10, 0, 16.68333", // never decays: as if in a minute
  })
  void ratesTheCountersOfRedis(long counter, long factor, long minutes, double perSecond) {
    assertThat(new LfuCounter(factor, minutes).readsPerSecond(counter))
        .isCloseTo(perSecond, within(1e-4));
  }

  /** The counter as evict.c has it, read at a steady rate for hours of its own time. */
  @ParameterizedTest
  @CsvSource({"2", "10", "30"})
  void findsTheRateThatMadeACounterWhatItIs(int readsPerSecond) {
    Random random = new Random(20261123);
    double sum = 0;
    int samples = 0;
    int counter = 5;
    for (int minute = 0; minute < 600; minute++) {
      for (int read = 0; read < 60 * readsPerSecond; read++) {
        if (counter < 255 && random.nextDouble() < 1.0 / (Math.max(0, counter - 5) * 10 + 1)) {
          counter++;
        }
      }
      counter--;
      if (minute >= 300) {
        sum += LfuCounter.DEFAULTS.readsPerSecond(counter);
        samples++;
      }
    }

    assertThat(sum / samples).isCloseTo(readsPerSecond, within(0.15 * readsPerSecond));
  }

  @Test
  void letsASightingStandForTheReadsUntilTheNextOne() {
    Sightings sightings = new Sightings("sampled:redis", 100, () -> 0.999);

    // 1,000 keys at 100 a second: each once in 10 s.
    AccessReport report =
        sightings
            .report(
                new Step(List.of(new Sighting("product", "product:1", 2.5)), 1_000),
                NOON,
                NOON.plusSeconds(1))
            .orElseThrow();

    assertThat(report)
        .isEqualTo(
            new AccessReport(
                "sampled:redis",
                NOON,
                NOON.plusSeconds(1),
                List.of(new AccessReport.KeyCount("product", "product:1", 25, 0, Duration.ZERO)),
                0));
  }

  @Test
  void roundsFractionsSoThatSumsAreRight() {
    Sightings sightings = new Sightings("sampled:redis", 10, new Random(20261123)::nextDouble);
    Step step = new Step(List.of(new Sighting("product", "product:1", 0.3)), 10);

    long sum =
        IntStream.range(0, 10_000)
            .mapToObj(i -> sightings.report(step, NOON, NOON))
            .flatMap(java.util.Optional::stream)
            .mapToLong(report -> report.counts().get(0).reads())
            .sum();

    assertThat(sum).isBetween(2_800L, 3_200L);
  }

  @Test
  void cutsALargeReportIntoPartsThatSayTheSame() {
    List<AccessReport.KeyCount> counts =
        IntStream.range(0, 1_000)
            .mapToObj(
                i -> new AccessReport.KeyCount("product", "product:" + i, i, 0, Duration.ZERO))
            .toList();

    List<AccessReport> parts =
        ReportPublisher.parts(new AccessReport("c", NOON, NOON, counts, 0), 1_000);

    assertThat(parts).hasSizeGreaterThan(30);
    assertThat(parts.stream().flatMap(part -> part.counts().stream()).toList()).isEqualTo(counts);
  }
}
