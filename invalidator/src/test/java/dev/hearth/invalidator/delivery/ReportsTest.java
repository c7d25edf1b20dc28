package dev.hearth.invalidator.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.schemas.invalidation.Applied;
import dev.hearth.schemas.invalidation.Cause;
import dev.hearth.schemas.invalidation.Invalidation;
import dev.hearth.schemas.invalidation.InvalidationMark;
import dev.hearth.schemas.position.GenerationRaised;
import dev.hearth.schemas.position.Position;
import dev.hearth.schemas.position.Watermark;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ReportsTest {
  private static final Instant NOON = Instant.parse("2026-11-23T12:00:00Z");
  private static final Duration TOOK = Duration.ofMillis(2);
  private static final StoreCaches CACHES =
      new StoreCaches(Set.of("product"), Map.of(), Set.of("legacy"));

  private final Reports reports = new Reports("redis");

  @Test
  void tellsOfEveryRoundThatTakesKeysOut() {
    RoundBuilder round = round(0);
    round.add(7, invalidation("product"));
    round.add(8, invalidation("product"));
    round.add(9, watermark(100));

    assertThat(reports.of(round, NOON, TOOK))
        .contains(new Applied("redis", 0, new Position(1, 100), 7, 9, 1, NOON, TOOK));
    RoundBuilder next = round(0);
    next.add(10, invalidation("product"));
    assertThat(reports.of(next, NOON.plusMillis(1), TOOK))
        .as("without a watermark it vouches for no more than before")
        .contains(
            new Applied("redis", 0, new Position(1, 100), 10, 10, 1, NOON.plusMillis(1), TOOK));
  }

  @Test
  void tellsOfARoundThatVoidsACache() {
    reports.of(idle(0, 1), NOON, TOOK);
    RoundBuilder round = round(0);
    round.add(
        2,
        new InvalidationMark(
            new GenerationRaised("product", 3, new Position(1, 5), "truncate", NOON)));

    assertThat(reports.of(round, NOON.plusMillis(1), TOOK)).isPresent();
  }

  @Test
  void tellsOnceASecondForEachPartitionThatItIsThere() {
    assertThat(reports.of(idle(0, 1), NOON, TOOK)).isPresent();
    assertThat(reports.of(idle(0, 2), NOON.plusMillis(999), TOOK)).isEmpty();
    assertThat(reports.of(idle(1, 2), NOON.plusMillis(999), TOOK)).isPresent();
    assertThat(reports.of(idle(0, 3), NOON.plusMillis(1000), TOOK)).isPresent();
    assertThat(reports.of(idle(0, 4), NOON.minusSeconds(60), TOOK))
        .as("a clock that was set back")
        .isPresent();
  }

  @Test
  void aRoundOfAnObservedCacheTakesNothingOut() {
    reports.of(idle(0, 1), NOON, TOOK);
    RoundBuilder round = round(0);
    round.add(2, invalidation("legacy"));

    assertThat(reports.of(round, NOON.plusMillis(1), TOOK)).isEmpty();
  }

  private static RoundBuilder round(int partition) {
    return new RoundBuilder(partition, "topic", CACHES);
  }

  private static RoundBuilder idle(int partition, long offset) {
    RoundBuilder round = round(partition);
    round.add(offset, watermark(100));
    return round;
  }

  private static InvalidationMark watermark(long lsn) {
    return new InvalidationMark(new Watermark(new Position(1, lsn), lsn, NOON));
  }

  private static Invalidation invalidation(String cache) {
    return new Invalidation(
        cache,
        cache + ":1",
        new Position(1, 50),
        NOON,
        NOON,
        NOON,
        new Cause("public.product", "public.product:1", 7, "rules[0].keys[0]"));
  }
}
