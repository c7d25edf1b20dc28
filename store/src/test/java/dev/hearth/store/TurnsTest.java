package dev.hearth.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class TurnsTest {
  private static final int RECORDS = 271;

  private final AtomicLong now = new AtomicLong(-5);

  @Test
  void owesNothingAtFirstAndEverythingAfterAPeriod() {
    Turns turns = turns(Duration.ofSeconds(1));

    assertThat(turns.due()).isZero();
    now.addAndGet(Duration.ofSeconds(30).toNanos());
    assertThat(turns.due()).isEqualTo(RECORDS);
    assertThat(turns.due()).isZero();
  }

  @Test
  void owesEverythingWithEveryRoundWherePeriodIsZero() {
    Turns turns = turns(Duration.ZERO);

    assertThat(turns.due()).isEqualTo(RECORDS);
    assertThat(turns.due()).isEqualTo(RECORDS);
  }

  @Test
  void spreadsAPeriodOverItsRoundsAndLosesNothingToRounding() {
    Turns turns = turns(Duration.ofSeconds(1));
    Random random = new Random(1);

    int most = 0;
    int sum = 0;
    long begin = now.get();
    while (now.get() - begin < Duration.ofSeconds(10).toNanos()) {
      now.addAndGet(random.nextInt(20_000_000));
      int due = turns.due();
      most = Math.max(most, due);
      sum += due;
    }

    assertThat(most).isLessThanOrEqualTo(RECORDS / 50 + 1);
    assertThat(sum).isBetween(10 * RECORDS - 10, 10 * RECORDS + 10);
  }

  private Turns turns(Duration period) {
    return new Turns(RECORDS, period, now::get);
  }
}
