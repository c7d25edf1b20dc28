package dev.hearth.warmer.heat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;
import static org.assertj.core.api.Assertions.within;

import dev.hearth.sandbox.Cases;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class DecayedSketchTest {
  private static final double HALF_LIFE = 60_000;
  private static final long T0 = 1_700_000_000_000L;

  @Test
  void countsExactlyWhileEveryKeyHasACounter() {
    DecayedSketch sketch = new DecayedSketch(64, HALF_LIFE);

    sketch.add("a", 10, T0);
    sketch.add("b", 3, T0);
    sketch.add("a", 1, T0);

    assertThat(sketch.hottest(10, T0))
        .containsExactly(new DecayedSketch.Heat("a", 11, 0), new DecayedSketch.Heat("b", 3, 0));
  }

  @Test
  void halvesAReadAfterEachHalfLife() {
    DecayedSketch sketch = new DecayedSketch(64, HALF_LIFE);

    sketch.add("a", 16, T0);

    assertThat(sketch.hottest(1, T0 + 60_000).get(0).reads()).isEqualTo(8, offset(1e-4));
    assertThat(sketch.hottest(1, T0 + 240_000).get(0).reads()).isEqualTo(1, offset(1e-4));
  }

  @Test
  void ranksWhatIsReadNowAboveWhatWasReadMoreOftenLongAgo() {
    DecayedSketch sketch = new DecayedSketch(64, HALF_LIFE);

    sketch.add("yesterday", 1_000, T0);
    sketch.add("today", 5, T0 + 10 * 60_000);

    assertThat(sketch.hottest(2, T0 + 10 * 60_000))
        .extracting(DecayedSketch.Heat::key)
        .containsExactly("today", "yesterday");
  }

  @Test
  void weighsALateReportAsItWouldHaveWeighedInTime() {
    DecayedSketch inTime = new DecayedSketch(64, HALF_LIFE);
    inTime.add("a", 100, T0);
    inTime.add("b", 7, T0 + 120_000);
    DecayedSketch late = new DecayedSketch(64, HALF_LIFE);
    late.add("b", 7, T0 + 120_000);
    late.add("a", 100, T0);

    List<DecayedSketch.Heat> expected = inTime.hottest(2, T0 + 120_000);
    List<DecayedSketch.Heat> found = late.hottest(2, T0 + 120_000);

    assertThat(found).extracting(DecayedSketch.Heat::key).containsExactly("a", "b");
    assertThat(found.get(0).reads()).isCloseTo(expected.get(0).reads(), within(1e-4));
    assertThat(found.get(1).reads()).isCloseTo(expected.get(1).reads(), within(1e-4));
  }

  @Test
  void forgetsWhatIsFarTooOldToMatter() {
    DecayedSketch sketch = new DecayedSketch(64, HALF_LIFE);
    sketch.add("a", 1, T0);

    sketch.add("ancient", 1, T0 - 40 * 60_000);

    assertThat(sketch.keys()).isEqualTo(1);
  }

  @Test
  void survivesYearsOfSilence() {
    DecayedSketch sketch = new DecayedSketch(64, HALF_LIFE);
    sketch.add("old", 1_000_000, T0);

    long years = T0 + 3L * 365 * 24 * 3600 * 1000;
    sketch.add("new", 1, years);

    assertThat(sketch.hottest(10, years))
        .singleElement()
        .satisfies(
            heat -> {
              assertThat(heat.key()).isEqualTo("new");
              assertThat(heat.reads()).isEqualTo(1, offset(1e-4));
            });
  }

  @Test
  void doesNotOverflowOnAbsurdCounts() {
    DecayedSketch sketch = new DecayedSketch(64, HALF_LIFE);

    for (int i = 0; i < 1_000; i++) {
      sketch.add("absurd", CountCheck.MOST_READS, T0 + i * 60_000L);
      sketch.add("sane", 1, T0 + i * 60_000L);
    }

    DecayedSketch.Heat hottest = sketch.hottest(1, T0 + 999 * 60_000L).get(0);
    assertThat(hottest.key()).isEqualTo("absurd");
    assertThat(hottest.reads()).isBetween(1.9e12, 2.1e12);
  }

  @Test
  void holdsNoMoreCountersThanItsTableWhateverTheNumberOfKeys() {
    DecayedSketch sketch = new DecayedSketch(256, HALF_LIFE);

    for (int i = 0; i < 200_000; i++) {
      sketch.add("key-" + i, 1, T0 + i);
    }

    assertThat(sketch.keys()).isLessThanOrEqualTo(192);
  }

  @Test
  void boundsTheTrueCountOfEveryKeyThroughPurgesAndRebases() {
    Cases.check(10, DecayedSketchTest::boundsTheTrueCountOfEveryKey);
  }

  private static void boundsTheTrueCountOfEveryKey(Random random) {
    DecayedSketch sketch = new DecayedSketch(128, HALF_LIFE);
    Map<String, Double> exact = new HashMap<>();
    long now = T0;
    for (int i = 0; i < 20_000; i++) {
      now += random.nextInt(200);
      String key = "key-" + (int) Math.abs(random.nextGaussian() * 300);
      long reads = 1L + random.nextInt(5);
      sketch.add(key, reads, now);
      double sinceT0 = (now - T0) / HALF_LIFE;
      exact.merge(key, reads * Math.pow(2, sinceT0 - 40), Double::sum);
      if (i % 4_000 == 3_999) {
        sketch = DecayedSketch.fromBytes(sketch.toBytes(100_000), 128, HALF_LIFE).orElseThrow();
      }
    }

    double scale = Math.pow(2, (now - T0) / HALF_LIFE - 40);
    double rounding = 0.01;
    List<DecayedSketch.Heat> all = sketch.hottest(1_000, now);
    assertThat(all).isNotEmpty();
    double error = all.get(0).error();
    Map<String, Double> upper = new HashMap<>();
    all.forEach(heat -> upper.put(heat.key(), heat.reads()));
    exact.forEach(
        (key, weight) -> {
          double reads = weight / scale;
          double most = upper.getOrDefault(key, error);
          assertThat(reads).as("%s", key).isLessThanOrEqualTo(most + rounding);
          if (upper.containsKey(key)) {
            assertThat(reads).as("%s", key).isGreaterThan(most - error - rounding);
          }
        });
  }

  @Test
  void comesBackFromBytesAsItWas() {
    DecayedSketch sketch = new DecayedSketch(64, HALF_LIFE);
    for (int i = 0; i < 100; i++) {
      sketch.add("schlüssel-" + i % 60, i, T0 + i * 1_000L);
    }

    DecayedSketch back =
        DecayedSketch.fromBytes(sketch.toBytes(100_000), 64, HALF_LIFE).orElseThrow();

    assertThat(back.hottest(100, T0 + 100_000)).isEqualTo(sketch.hottest(100, T0 + 100_000));
  }

  @Test
  void leavesOutTheColdestWhereBytesDoNotFitAndLetsTheErrorCoverThem() {
    DecayedSketch sketch = new DecayedSketch(1024, HALF_LIFE);
    for (int i = 1; i <= 500; i++) {
      sketch.add("key-" + i, i, T0);
    }

    byte[] bytes = sketch.toBytes(4_000);
    DecayedSketch back = DecayedSketch.fromBytes(bytes, 1024, HALF_LIFE).orElseThrow();

    assertThat(bytes.length).isLessThanOrEqualTo(4_000);
    List<DecayedSketch.Heat> kept = back.hottest(1_000, T0);
    assertThat(kept.get(0).key()).isEqualTo("key-500");
    int coldest = 500 - kept.size();
    assertThat(kept.get(0).error()).isEqualTo(coldest, offset(1e-6));
    assertThat(kept.get(0).reads() - kept.get(0).error()).isEqualTo(500, offset(1e-6));
  }

  @Test
  void readsNothingFromDamagedBytes() {
    byte[] bytes = new DecayedSketch(64, HALF_LIFE).toBytes(1_000);
    byte[] cut = java.util.Arrays.copyOf(bytes, bytes.length - 1);

    assertThat(DecayedSketch.fromBytes(new byte[0], 64, HALF_LIFE)).isEmpty();
    assertThat(DecayedSketch.fromBytes(new byte[] {9, 9, 9}, 64, HALF_LIFE)).isEmpty();
    assertThat(DecayedSketch.fromBytes(cut, 64, HALF_LIFE)).isEmpty();
  }
}
