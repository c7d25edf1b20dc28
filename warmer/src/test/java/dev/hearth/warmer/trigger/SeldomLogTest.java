package dev.hearth.warmer.trigger;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class SeldomLogTest {
  /** That of a JVM may be negative, and run over. */
  private final AtomicLong nanos = new AtomicLong(Long.MAX_VALUE - 5);

  private final SeldomLog log = new SeldomLog(Duration.ofNanos(100), nanos::get);

  @Test
  void letsOneOfAKindThroughInATimeAndCountsTheRest() {
    assertThat(log.turn("signature")).hasValue(0);
    for (int i = 0; i < 3; i++) {
      nanos.addAndGet(33);
      assertThat(log.turn("signature")).isEmpty();
    }

    nanos.addAndGet(1);

    assertThat(log.turn("signature")).hasValue(3);
    assertThat(log.turn("signature")).isEmpty();
    nanos.addAndGet(100);
    assertThat(log.turn("signature")).hasValue(1);
    nanos.addAndGet(100);
    assertThat(log.turn("signature")).hasValue(0);
  }

  @Test
  void oneKindKeepsNoneOfAnotherFromItsTurn() {
    assertThat(log.turn("signature")).hasValue(0);

    assertThat(log.turn("too_long")).hasValue(0);
    assertThat(log.turn("signature")).isEmpty();
    assertThat(log.turn("too_long")).isEmpty();
  }
}
