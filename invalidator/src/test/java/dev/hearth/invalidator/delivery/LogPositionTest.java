package dev.hearth.invalidator.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.store.DeliveryTarget.Resume;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class LogPositionTest {
  private static final String TOPIC = "a";

  @Test
  void goesOnBehindWhatIsApplied() {
    assertThat(decide(41, 10, 100)).isEqualTo(new LogPosition.After(41));
  }

  @Test
  void beginsAtTheEndWhereTheStoreKnowsNothing() {
    assertThat(LogPosition.decide(Optional.empty(), TOPIC, 10, 100))
        .isEqualTo(new LogPosition.End());
  }

  @Test
  void voidsTheStoreWhoseTopicWasRecreated() {
    assertThat(LogPosition.decide(Optional.of(new Resume("b", 41)), TOPIC, 10, 100))
        .isEqualTo(new LogPosition.TooOld("the topic was recreated: its id was b, is a"));
  }

  @Test
  void voidsTheStoreThatTheLogNoLongerReachesBackTo() {
    assertThat(decide(8, 10, 100))
        .isEqualTo(
            new LogPosition.TooOld("the log begins at offset 10, behind what is applied, 8"));
  }

  @Test
  void voidsTheStoreThatIsAheadOfTheLog() {
    assertThat(decide(100, 10, 100))
        .isEqualTo(
            new LogPosition.TooOld("the log ends at offset 100, before what is applied, 100"));
  }

  @Test
  void voidsTheStoreThatWasLeftWithNowhereToGoOnFrom() {
    assertThat(LogPosition.decide(Optional.of(new Resume("", 41)), TOPIC, 10, 100))
        .isEqualTo(
            new LogPosition.TooOld(
                "it stopped while plain caches were emptied, which no record would repeat"));
  }

  /** Every small log: a gap is never gone over, and what can be resumed is resumed. */
  @Test
  void resumesJustWhereNoRecordIsMissing() {
    for (long begin = 0; begin <= 12; begin++) {
      for (long end = begin; end <= 12; end++) {
        for (long applied = -1; applied <= 13; applied++) {
          boolean nothingMissing = applied + 1 >= begin && applied + 1 <= end;

          LogPosition position = decide(applied, begin, end);

          assertThat(position instanceof LogPosition.After)
              .as("applied %d, log %d to %d: %s", applied, begin, end, position)
              .isEqualTo(nothingMissing);
        }
      }
    }
  }

  private static LogPosition decide(long applied, long begin, long end) {
    return LogPosition.decide(Optional.of(new Resume(TOPIC, applied)), TOPIC, begin, end);
  }
}
