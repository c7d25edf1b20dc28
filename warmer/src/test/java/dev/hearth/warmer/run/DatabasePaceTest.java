package dev.hearth.warmer.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class DatabasePaceTest {
  private final DatabasePace pace = new DatabasePace(100, 4);

  @Test
  void beginsWithOneBatchAndGrowsToTheCeilingWhileTheDatabaseIsQuick() throws InterruptedException {
    assertThat(pace.allowed()).isEqualTo(1);

    queries(200, Duration.ofMillis(10));

    assertThat(pace.allowed()).isEqualTo(4);
  }

  @Test
  void comesDownToOneBatchWhenTheDatabaseBecomesSlowAndGrowsAgainWhenItIsQuick()
      throws InterruptedException {
    queries(200, Duration.ofMillis(10));

    queries(60, Duration.ofMillis(100));
    double slow = pace.allowed();
    queries(400, Duration.ofMillis(10));

    assertThat(slow).isLessThan(1.5);
    assertThat(pace.allowed()).isEqualTo(4);
  }

  @Test
  void allowsOneBatchAtATimeFromAFailureToTheNextSuccess() throws InterruptedException {
    queries(200, Duration.ofMillis(10));

    pace.failed();
    double failing = pace.allowed();
    queries(1, Duration.ofMillis(10));

    assertThat(failing).isEqualTo(1);
    assertThat(pace.allowed()).isEqualTo(4);
  }

  @Test
  void allowsOneBatchAtATimeWhileAStandbyLags() throws InterruptedException {
    queries(200, Duration.ofMillis(10));

    pace.acquire();
    pace.answered(100, 0, Duration.ofMillis(10).toNanos(), true);
    pace.release();
    double lagging = pace.allowed();
    queries(1, Duration.ofMillis(10));

    assertThat(lagging).isEqualTo(1);
    assertThat(pace.allowed()).isEqualTo(4);
  }

  @Test
  void doesNotTakeTheQuicknessOfSmallBatchesForThatOfTheDatabase() throws InterruptedException {
    queries(200, Duration.ofMillis(10));

    for (int i = 0; i < 100; i++) {
      pace.acquire();
      pace.answered(3, 0, Duration.ofSeconds(1).toNanos(), false);
      pace.release();
    }

    assertThat(pace.allowed()).isEqualTo(4);
  }

  /** As many at once as are allowed, each of full size. */
  private void queries(int count, Duration took) throws InterruptedException {
    for (int i = 0; i < count; i++) {
      int atOnce = Math.max(1, (int) pace.allowed());
      for (int j = 0; j < atOnce; j++) {
        pace.acquire();
      }
      pace.answered(100, 0, took.toNanos(), false);
      for (int j = 0; j < atOnce; j++) {
        pace.release();
      }
    }
  }
}
