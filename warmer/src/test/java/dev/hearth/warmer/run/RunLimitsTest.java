package dev.hearth.warmer.run;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.sandbox.Cases;
import dev.hearth.schemas.access.AccessReport;
import dev.hearth.schemas.access.AccessReport.KeyCount;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How long a run pauses for its share, and what is known of hits. */
class RunLimitsTest {
  private static final Instant NOW = Instant.parse("2026-11-23T08:00:00Z");

  @ParameterizedTest
  @CsvSource({
    "1, 4, 4000, 1000, 0", // four connections, always busy
    "0.25, 4, 1000, 1000, 0", // one of four, always busy
    "0.25, 4, 1000, 400, 600",
    "0.05, 4, 20, 0, 100", // 20 ms of queries in 100 ms are a fifth of one connection
    "0.5, 1, 0, 0, 0",
    "0.5, 1, 100, 500, 0"
  })
  void waitsUntilTheTimeSpentIsItsShare(
      double share, int connections, long spent, long passed, long pause) {
    assertThat(
            new DatabaseShare(share, connections)
                .pause(Duration.ofMillis(spent), Duration.ofMillis(passed)))
        .isEqualTo(Duration.ofMillis(pause));
  }

  @Test
  void neverSpendsMoreThanItsShareBeforeTheLastQuery() {
    Cases.check(
        200,
        random -> {
          DatabaseShare share =
              new DatabaseShare(0.01 + 0.99 * random.nextDouble(), 1 + random.nextInt(8));
          Duration spent = Duration.ZERO;
          Duration passed = Duration.ZERO;
          for (int query = 0; query < 50; query++) {
            passed = passed.plus(share.pause(spent, passed));
            assertThat((double) spent.toNanos())
                .isLessThanOrEqualTo(
                    share.share() * share.connections() * passed.toNanos() * 1.000001);
            Duration took = Duration.ofMillis(random.nextInt(100));
            spent = spent.plus(took);
            passed = passed.plus(took);
          }
        });
  }

  @Test
  void countsReadsOfIntervalsThatBeganSinceTheRun() {
    RecentReads reads = new RecentReads();
    reads.add(report("product", 500, 500), NOW.plusSeconds(4));
    reads.add(report("product", 300, 30), NOW.plusSeconds(5));
    reads.add(report("page", 999, 0), NOW.plusSeconds(6));
    reads.add(report("product", 100, 10), NOW.plusSeconds(7));

    HitRatio ratio = reads.of("product", NOW, NOW.plusSeconds(8));

    // The first one's five seconds began before the run.
    assertThat(ratio).isEqualTo(new HitRatio(400, 40));
    assertThat(ratio.value()).isEqualTo(0.9);
    assertThat(ratio.isKnown()).isTrue();
  }

  @Test
  void forgetsWhatIsOldAndKnowsNothingOfFewReads() {
    RecentReads reads = new RecentReads();
    reads.add(report("product", 500, 0), NOW);
    reads.add(report("product", 99, 0), NOW.plus(RecentReads.WINDOW).plusSeconds(1));

    HitRatio ratio =
        reads.of("product", NOW.minusSeconds(60), NOW.plus(RecentReads.WINDOW).plusSeconds(1));

    assertThat(ratio).isEqualTo(new HitRatio(99, 0));
    assertThat(ratio.isKnown()).isFalse();
    assertThat(reads.of("nowhere", NOW, NOW)).isEqualTo(HitRatio.NONE);
    assertThat(HitRatio.NONE.value()).isZero();
  }

  @ParameterizedTest
  @CsvSource({"5, 6", "-1, 0", "-1, -1", "5, -1", "9223372036854775807, 1"})
  void passesOverCountsThatCannotBe(long reads, long misses) {
    RecentReads recent = new RecentReads();

    recent.add(report("product", reads, misses), NOW);

    assertThat(recent.of("product", NOW.minusSeconds(9), NOW)).isEqualTo(HitRatio.NONE);
  }

  private static AccessReport report(String cache, long reads, long misses) {
    return new AccessReport(
        "client",
        NOW.minusSeconds(5),
        NOW,
        List.of(new KeyCount(cache, cache + ":1", reads, misses, Duration.ZERO)),
        0);
  }
}
