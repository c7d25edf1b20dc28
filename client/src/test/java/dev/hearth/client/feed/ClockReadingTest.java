package dev.hearth.client.feed;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.sandbox.Cases;
import dev.hearth.schemas.position.History;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class ClockReadingTest {
  private static final History HISTORY = new History("7", 1);

  @Test
  void countsFromBeforeTheReadingWasAskedFor() {
    Instant gateTime = Instant.parse("2026-01-01T00:00:00Z");
    ClockReading reading = new ClockReading(HISTORY, gateTime.plusSeconds(3), 1_000_000_000L);

    Duration age = reading.ageOf(gateTime, 3_000_000_000L);

    assertThat(age).isEqualTo(Duration.ofSeconds(3).plusMillis(2002));
  }

  @Test
  void isNeverBelowTheTrueAgeHoweverTheClocksStandAndHoweverSlowTheAnswerIs() {
    Cases.check(
        10_000,
        random -> {
          // The database's clock: set to anything, and up to 500 ppm faster or slower than ours.
          Instant set = Instant.ofEpochSecond(random.nextInt());
          double rate = 1 + (random.nextDouble() - 0.5) / 1000;
          long gate = random.nextLong(3_600_000_000_000L);
          long asked = random.nextLong(3_600_000_000_000L);
          long answered = asked + random.nextLong(5_000_000_000L);
          long now = Math.max(gate, answered) + random.nextLong(3_600_000_000_000L);

          Duration age =
              new ClockReading(HISTORY, set.plusNanos((long) (answered * rate)), asked)
                  .ageOf(set.plusNanos((long) (gate * rate)), now);

          // Ages are counted in the database's seconds.
          long trueAge = (long) ((now - gate) * rate);
          assertThat(age.toNanos()).isGreaterThanOrEqualTo(trueAge - 1_000);
        });
  }
}
