package dev.hearth.warmer.trigger;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.chassis.config.CronSchedule;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ScheduleTimesTest {
  private static final Instant SIX = Instant.parse("2026-11-23T06:00:00Z");

  @Test
  void isDueAtItsTimeUntilItIsDone() {
    ScheduleTimes times = at(SIX.minusSeconds(1));

    assertThat(times.due(SIX.minusMillis(1))).isEmpty();
    assertThat(times.due(SIX)).containsExactly(new ScheduleTimes.Due("daily", SIX));
    assertThat(times.due(SIX.plusSeconds(1))).hasSize(1);
    times.done(new ScheduleTimes.Due("daily", SIX), SIX.plusSeconds(1));
    assertThat(times.due(SIX.plusSeconds(2))).isEmpty();
    assertThat(times.due(SIX.plus(Duration.ofDays(1))))
        .containsExactly(new ScheduleTimes.Due("daily", SIX.plus(Duration.ofDays(1))));
  }

  @Test
  void whatPassedWhileNobodyLookedIsLeftOut() {
    ScheduleTimes times = at(SIX.plusSeconds(1));
    assertThat(times.due(SIX.plusSeconds(2))).isEmpty();

    // Asleep for four days and five minutes.
    Instant awake = SIX.plus(Duration.ofDays(4)).plus(Duration.ofMinutes(5));
    assertThat(times.due(awake)).isEmpty();
    assertThat(times.due(awake.plusSeconds(1))).isEmpty();
    assertThat(times.due(SIX.plus(Duration.ofDays(5)))).hasSize(1);
  }

  @Test
  void aMinuteLateIsTheLatest() {
    assertThat(at(SIX.minusSeconds(1)).due(SIX.plusSeconds(60))).hasSize(1);
    assertThat(at(SIX.minusSeconds(1)).due(SIX.plusSeconds(61))).isEmpty();
  }

  @Test
  void aClockThatIsSetBackHoldsNothingUpAndRepeatsTheSameTime() {
    ScheduleTimes times = at(SIX.minusSeconds(1));
    times.done(new ScheduleTimes.Due("daily", SIX), SIX);

    Instant before = SIX.minus(Duration.ofHours(3));
    assertThat(times.due(before)).isEmpty();
    // The same time again, so that its claim refuses it.
    assertThat(times.due(SIX)).containsExactly(new ScheduleTimes.Due("daily", SIX));
  }

  @Test
  void whatIsDoneBeforeItsTimeByThisClockIsDone() {
    ScheduleTimes times = at(SIX.minusSeconds(1));
    times.due(SIX);

    times.done(new ScheduleTimes.Due("daily", SIX), SIX.minusSeconds(5));

    assertThat(times.due(SIX.plusSeconds(1))).isEmpty();
  }

  private static ScheduleTimes at(Instant now) {
    return new ScheduleTimes(Map.of("daily", CronSchedule.parse("0 6 * * *", "UTC")), now);
  }
}
