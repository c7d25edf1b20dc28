package dev.hearth.store.hazelcast;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.schemas.position.Position;
import dev.hearth.store.Meta;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class HazelcastFencedStoreTest {
  @Test
  void aHitCountsWhenTheRecordStandsStillOrMovesOn() {
    assertThat(HazelcastFencedStore.wentBack(meta(7, 1, 100), meta(7, 1, 100))).isFalse();
    assertThat(HazelcastFencedStore.wentBack(meta(7, 1, 100), meta(7, 1, 101))).isFalse();
    assertThat(HazelcastFencedStore.wentBack(meta(7, 1, 100), meta(7, 2, 0))).isFalse();
  }

  @Test
  void aHitDoesNotCountWhenThePartitionWentBackInBetween() {
    assertThat(HazelcastFencedStore.wentBack(meta(7, 1, 100), meta(7, 1, 99))).isTrue();
    assertThat(HazelcastFencedStore.wentBack(meta(7, 2, 0), meta(7, 1, 100))).isTrue();
    assertThat(HazelcastFencedStore.wentBack(meta(7, 1, 100), meta(8, 1, 200))).isTrue();
    assertThat(HazelcastFencedStore.wentBack(meta(7, 1, 100), Optional.empty())).isTrue();
  }

  private static Optional<Meta> meta(long incarnation, long epoch, long applied) {
    Position position = new Position(epoch, applied);
    return Optional.of(new Meta(incarnation, position, position, Map.of(), "topic", 5));
  }
}
