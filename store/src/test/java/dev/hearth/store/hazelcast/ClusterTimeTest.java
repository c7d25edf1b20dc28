package dev.hearth.store.hazelcast;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class ClusterTimeTest {
  @Test
  void asksForASecondMoreThanTheWholeSecondsItNeeds() {
    assertThat(ClusterTime.seconds(Duration.ofMillis(1))).isEqualTo(2);
    assertThat(ClusterTime.seconds(Duration.ofMillis(1000))).isEqualTo(2);
    assertThat(ClusterTime.seconds(Duration.ofMillis(1001))).isEqualTo(3);
    assertThat(ClusterTime.seconds(Duration.ofHours(1))).isEqualTo(3601);
  }

  /** Zero would mean for ever. */
  @Test
  void neverAsksForZero() {
    assertThat(ClusterTime.seconds(Duration.ZERO)).isEqualTo(1);
    assertThat(ClusterTime.seconds(Duration.ofSeconds(-5))).isEqualTo(1);
  }
}
