package dev.hearth.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class TimeToLiveTest {
  private final TimeToLive ttl = new TimeToLive(Duration.ofHours(1), Duration.ofSeconds(30), 0.1);

  @Test
  void shortensByAtMostTheShareAndNeverLengthens() {
    assertThat(ttl.of(false, 0)).isEqualTo(Duration.ofHours(1));
    assertThat(ttl.of(false, 0.5)).isEqualTo(Duration.ofMinutes(57));
    assertThat(ttl.of(false, 1)).isEqualTo(Duration.ofMinutes(54));
  }

  @Test
  void givesNegativeEntriesTheirOwnLife() {
    assertThat(ttl.of(true, 0)).isEqualTo(Duration.ofSeconds(30));
    assertThat(ttl.of(true, 1)).isEqualTo(Duration.ofSeconds(27));
  }

  @Test
  void isNeverLessThanAMillisecond() {
    TimeToLive least = new TimeToLive(Duration.ofMillis(1), Duration.ofMillis(1), 1);

    assertThat(least.of(false, 0.99)).isEqualTo(Duration.ofMillis(1));
  }

  @Test
  void refusesWhatIsOutOfRange() {
    assertThatThrownBy(() -> new TimeToLive(Duration.ZERO, Duration.ofSeconds(1), 0.1))
        .hasMessage("ttl is PT0S; expected 1 millisecond to 3650 days");
    assertThatThrownBy(() -> new TimeToLive(Duration.ofSeconds(1), Duration.ofNanos(9), 0.1))
        .hasMessage("negativeTtl is PT0.000000009S; expected 1 millisecond to 3650 days");
    assertThatThrownBy(() -> new TimeToLive(Duration.ofDays(4000), Duration.ofSeconds(1), 0.1))
        .hasMessage("ttl is PT96000H; expected 1 millisecond to 3650 days");
    assertThatThrownBy(
            () -> new TimeToLive(Duration.ofSeconds(1), Duration.ofSeconds(1), Double.NaN))
        .hasMessage("jitter is NaN; expected a share, 0 to 1");
  }
}
