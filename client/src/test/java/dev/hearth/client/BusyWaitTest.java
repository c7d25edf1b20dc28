package dev.hearth.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class BusyWaitTest {
  private final BusyWait wait = new BusyWait(Duration.ofMillis(100));

  @Test
  void doublesItsPausesUpToSixteenMilliseconds() {
    assertThat(wait.pause(0, Duration.ZERO, 1)).contains(Duration.ofMillis(1));
    assertThat(wait.pause(1, Duration.ZERO, 1)).contains(Duration.ofMillis(2));
    assertThat(wait.pause(4, Duration.ZERO, 1)).contains(Duration.ofMillis(16));
    assertThat(wait.pause(1_000, Duration.ZERO, 1)).contains(Duration.ofMillis(16));
  }

  @Test
  void cutsAPauseToHalfAtMost() {
    assertThat(wait.pause(1, Duration.ZERO, 0)).contains(Duration.ofMillis(1));
  }

  @Test
  void neverWaitsBeyondItsBound() {
    assertThat(wait.pause(9, Duration.ofMillis(98), 1)).contains(Duration.ofMillis(2));
    assertThat(wait.pause(9, Duration.ofMillis(100), 1)).isEmpty();
    assertThat(new BusyWait(Duration.ZERO).pause(0, Duration.ZERO, 1)).isEmpty();
  }

  @Test
  void refusesANegativeBound() {
    assertThatThrownBy(() -> new BusyWait(Duration.ofMillis(-1)))
        .hasMessage("busyBound is PT-0.001S; expected zero to 1 hour");
  }
}
