package dev.hearth.invalidator.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.chassis.metrics.Metric;
import dev.hearth.chassis.metrics.Metrics;
import dev.hearth.schemas.invalidation.InvalidationMark;
import dev.hearth.schemas.position.Position;
import dev.hearth.schemas.position.Watermark;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class DeliveryMeasuresTest {
  private static final Instant NOW = Instant.parse("2026-11-23T12:00:00Z");

  private final Metrics metrics = new Metrics("test");
  private final DeliveryMeasures measures = new DeliveryMeasures("redis", metrics);

  @Test
  void isAsOldAsThePartitionThatIsFurthestBehind() {
    measures.assigned(List.of(0, 1));
    applied(0, NOW.minusSeconds(1));
    applied(1, NOW.minusSeconds(40));
    applied(0, NOW);

    assertThat(measures.ageSeconds(NOW)).isEqualTo(40);
  }

  @Test
  void isNotKnownWhileAPartitionHasAppliedNothing() {
    assertThat(measures.ageSeconds(NOW)).isNaN();
    measures.assigned(List.of(0, 1, 2));
    applied(0, NOW);
    applied(2, NOW);

    assertThat(measures.ageSeconds(NOW)).isNaN();
  }

  @Test
  void forgetsThePartitionsOfOthers() {
    measures.assigned(List.of(0, 1));
    applied(0, NOW.minusSeconds(1));
    applied(1, NOW.minusSeconds(40));

    measures.revoked(List.of(1));
    applied(1, NOW.minusSeconds(50));

    assertThat(measures.ageSeconds(NOW)).isEqualTo(1);
  }

  @Test
  void isNotKnownAfterAStoreWentBackUntilItIsUpToDate() {
    measures.assigned(List.of(0));
    applied(0, NOW);

    measures.wentBack(List.of(0));

    assertThat(measures.ageSeconds(NOW)).isNaN();
    assertThat(metrics.counter(Metric.DELIVERY_REPLAYS, "redis").count()).isEqualTo(1);
    applied(0, NOW.minusSeconds(3));
    assertThat(measures.ageSeconds(NOW)).isEqualTo(3);
  }

  private void applied(int partition, Instant gateTime) {
    RoundBuilder round =
        new RoundBuilder(
            partition, "topic", new StoreCaches(Set.of("product"), Map.of(), Set.of()));
    round.add(7, new InvalidationMark(new Watermark(new Position(1, 5), 5, gateTime)));
    measures.applied(round, NOW);
  }
}
