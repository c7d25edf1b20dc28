package dev.hearth.schemas.access;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.hearth.sandbox.Cases;
import dev.hearth.schemas.access.HotKeys.HotKey;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which keys a cache cannot help. */
class ChurnTest {
  @ParameterizedTest
  @CsvSource({
    "10, 0, 0, false", // never written
    "10, 0, 9, false", // written less often than read
    "10, 0, 10, false", // every other read can hit
    "10, 0, 10.1, true",
    "0.001, 0, 5, true",
    "10, 9.9, 1, false", // hardly read, if the error is all of it; in doubt it is cached
    "0, 0, 0, false",
    "0, 0, 1, true",
  })
  void isMoreWritesThanReads(double reads, double error, double writes, boolean churning) {
    HotKey key = new HotKey("product:1", reads, error).withWritesPerSecond(writes);

    assertThat(Churn.isChurning(key)).isEqualTo(churning);
  }

  @ParameterizedTest
  @CsvSource({
    "10, 0, 0, true",
    "10, 0, 9, true",
    "10, 0, 10, false",
    "10, 5, 4, true",
    "10, 5, 6, false", // five to ten reads, and six writes: not certain
    "10, 10, 0, false", // no read is certain
  })
  void refreshesOnlyWhatIsCertainlyReadFirst(
      double reads, double error, double writes, boolean first) {
    HotKey key = new HotKey("product:1", reads, error).withWritesPerSecond(writes);

    assertThat(Churn.isReadBeforeWritten(key)).isEqualTo(first);
  }

  @Test
  void isTheHitRatioOfACacheThatEveryWriteEmpties() {
    Cases.check(
        20,
        random -> {
          double writeShare = 0.05 + 0.9 * random.nextDouble();
          int reads = 0;
          int hits = 0;
          boolean filled = false;
          for (int event = 0; event < 40_000; event++) {
            if (random.nextDouble() < writeShare) {
              filled = false;
            } else {
              reads++;
              hits += filled ? 1 : 0;
              filled = true;
            }
          }

          HotKey key = new HotKey("k", 1 - writeShare, 0).withWritesPerSecond(writeShare);

          // The ratio of at least 2,000 reads, eight standard deviations wide.
          assertThat((double) hits / reads).isCloseTo(Churn.bestHitRatio(key), within(0.09));
        });
  }

  @Test
  void takesNoAbsurdRateForOne() {
    for (double absurd :
        new double[] {-1, Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY}) {
      assertThat(Churn.isChurning(new HotKey("k", 1, 0).withWritesPerSecond(absurd))).isFalse();
      assertThat(Churn.bestHitRatio(new HotKey("k", absurd, absurd).withWritesPerSecond(1)))
          .isZero();
      assertThat(Churn.isReadBeforeWritten(new HotKey("k", absurd, 0))).isFalse();
    }
  }

  @Test
  void buildsAKeyFieldByField() {
    assertThat(new HotKey("k", 3, 1).withLoadMicros(250).withBytes(512).withWritesPerSecond(0.5))
        .isEqualTo(new HotKey("k", 3, 1, 250, 512, 0.5));
    assertThat(new HotKey("k", 3, 1)).isEqualTo(new HotKey("k", 3, 1, 0, 0, 0));
  }
}
