package dev.hearth.client.feed;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.sandbox.Cases;
import dev.hearth.schemas.position.Position;
import dev.hearth.schemas.position.Watermark;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class MarksTest {
  private static final Instant BEGIN = Instant.parse("2026-01-01T00:00:00Z");

  private final Marks marks = new Marks();

  @Test
  void tellsTheGateTimeBehindWhatAStoreHasApplied() {
    marks.add(10, mark(100, Duration.ZERO));
    marks.add(20, mark(200, Duration.ofSeconds(1)));

    assertThat(marks.appliedAt(new Position(1, 100), 15)).contains(mark(100, Duration.ZERO));
    assertThat(marks.appliedAt(new Position(1, 200), 20))
        .contains(mark(200, Duration.ofSeconds(1)));
    assertThat(marks.appliedAt(new Position(1, 300), 99))
        .contains(mark(200, Duration.ofSeconds(1)));
    assertThat(marks.appliedAt(new Position(1, 50), 9)).isEmpty();
  }

  @Test
  void goesOnWhereAStuckCommitHoldsThePosition() {
    marks.add(10, mark(100, Duration.ZERO));
    marks.add(20, mark(100, Duration.ofSeconds(1)));

    assertThat(marks.appliedAt(new Position(1, 100), 20))
        .contains(mark(100, Duration.ofSeconds(1)));
  }

  @Test
  void saysNothingOfAnotherEpochOrOfAnotherTopicsOffsets() {
    marks.add(10, mark(100, Duration.ZERO));

    assertThat(marks.appliedAt(new Position(2, 100), 10)).isEmpty();
    assertThat(marks.appliedAt(new Position(1, 99), 10)).isEmpty();
  }

  @Test
  void keepsTheFirstMarkOfAnEpochForAnOlderOneSaysNothingOfIt() {
    Watermark first = new Watermark(new Position(2, 110), 110, BEGIN.plusMillis(20));
    marks.add(10, mark(100, Duration.ZERO));
    marks.add(20, first);
    marks.add(30, new Watermark(new Position(2, 120), 120, BEGIN.plusMillis(40)));

    assertThat(marks.appliedAt(new Position(2, 110), 20)).contains(first);
  }

  @Test
  void forgetsWhatIsTenMinutesOld() {
    marks.add(10, mark(100, Duration.ZERO));
    marks.add(20, mark(200, Duration.ofMinutes(10)));

    assertThat(marks.appliedAt(new Position(1, 100), 15)).isEmpty();
    assertThat(marks.latest()).contains(mark(200, Duration.ofMinutes(10)));
  }

  @Test
  void roundsDownWhatItLeavesOutByATenthOfASecondAtMost() {
    Cases.check(1, MarksTest::roundsDownAtRandom);
  }

  private static void roundsDownAtRandom(Random random) {
    Marks each = new Marks();
    TreeMap<Long, Watermark> all = new TreeMap<>();
    long offset = 0;
    Duration time = Duration.ZERO;
    for (int i = 0; i < 5_000; i++) {
      offset += 1 + random.nextInt(5);
      time = time.plusMillis(random.nextInt(60));
      Watermark mark = mark(100 + offset, time);
      each.add(offset, mark);
      all.put(offset, mark);
    }

    for (Map.Entry<Long, Watermark> exact : all.entrySet()) {
      Optional<Watermark> told = each.appliedAt(exact.getValue().position(), exact.getKey());
      Duration lost = Duration.between(told.orElseThrow().gateTime(), exact.getValue().gateTime());
      assertThat(lost).isBetween(Duration.ZERO, Duration.ofMillis(160));
    }
    assertThat(each.latest()).contains(all.lastEntry().getValue());
  }

  private static Watermark mark(long lsn, Duration later) {
    return new Watermark(new Position(1, lsn), lsn, BEGIN.plus(later));
  }
}
