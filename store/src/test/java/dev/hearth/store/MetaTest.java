package dev.hearth.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.hearth.schemas.position.Position;
import dev.hearth.schemas.position.Watermark;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class MetaTest {
  private static final Meta META =
      new Meta(7, new Position(1, 100), new Position(1, 110), Map.of("a", 3L), "topic", 5);

  @Test
  void raisesBAndGenerationsBeforeTheEffectsAndNothingElse() {
    Round round = round(new Position(1, 300), Map.of("a", 4L, "b", 1L), mark(1, 250, 260), 9);

    Meta raised = META.raisedBy(round);

    assertThat(raised)
        .isEqualTo(
            new Meta(
                7,
                new Position(1, 100),
                new Position(1, 300),
                Map.of("a", 4L, "b", 1L),
                "topic",
                5));
  }

  @Test
  void advancesAAndTheOffsetAfterTheEffects() {
    Round round = round(new Position(1, 300), Map.of(), mark(1, 250, 260), 9);

    Meta advanced = META.raisedBy(round).advancedBy(round);

    assertThat(advanced.applied()).isEqualTo(new Position(1, 250));
    assertThat(advanced.raised()).isEqualTo(new Position(1, 300));
    assertThat(advanced.offset()).isEqualTo(9);
  }

  @Test
  void lowersNothingWhenARoundIsReplayed() {
    Round earlier = round(new Position(1, 90), Map.of("a", 2L), mark(1, 80, 85), 3);

    Meta after = META.raisedBy(earlier).advancedBy(earlier);

    assertThat(after).isEqualTo(META);
  }

  @Test
  void vouchesForNothingInANewEpochUntilItsOwnWatermark() {
    Round epoch = round(new Position(2, 10), Map.of(), mark(1, 900, 910), 6);
    Round next = round(Position.NONE, Map.of(), mark(2, 20, 25), 7);

    Meta begun = META.raisedBy(epoch).advancedBy(epoch);
    Meta marked = begun.raisedBy(next).advancedBy(next);

    assertThat(begun.applied()).isEqualTo(new Position(2, 0));
    assertThat(begun.raised()).isEqualTo(new Position(2, 10));
    assertThat(marked.applied()).isEqualTo(new Position(2, 20));
  }

  @Test
  void beginsANewEpochWithAWatermarkOfIt() {
    Round round = round(Position.NONE, Map.of(), mark(2, 20, 25), 6);

    Meta raised = META.raisedBy(round);

    assertThat(raised.raised()).isEqualTo(new Position(2, 25));
    assertThat(raised.applied()).isEqualTo(new Position(2, 0));
  }

  @Test
  void isBornAboveEverythingThatWasPublishedBeforeItsWatermark() {
    Round round = round(new Position(1, 200), Map.of("a", 4L), mark(1, 250, 260), 9);

    Meta born = Meta.born(42, round.watermark().orElseThrow(), round);

    assertThat(born)
        .isEqualTo(
            new Meta(42, new Position(1, 250), new Position(1, 260), Map.of("a", 4L), "topic", 9));
  }

  @Test
  void holdsTheOffsetBackWhereSomethingIsStillToBeDoneAndLetsAMoveOn() {
    Watermark watermark = mark(1, 250, 260);
    Round held =
        new Round(
            0,
            Position.NONE,
            Set.of(),
            Map.of(),
            Optional.of(watermark),
            "topic",
            META.offset() + 9,
            META.offset() + 2);

    Meta next = META.raisedBy(held).advancedBy(held);

    assertThat(next.applied()).isEqualTo(watermark.position());
    assertThat(next.offset()).isEqualTo(META.offset() + 2);
    assertThat(Meta.born(42, watermark, held).offset()).isEqualTo(META.offset() + 2);
  }

  @Test
  void neverTakesTheOffsetBackInTheSameTopic() {
    Round behind =
        new Round(0, Position.NONE, Set.of(), Map.of(), Optional.empty(), META.topicId(), 9, -1);

    assertThat(META.raisedBy(behind).advancedBy(behind)).isEqualTo(META);
  }

  @Test
  void refusesPositionsOfTwoEpochs() {
    assertThatThrownBy(
            () -> new Meta(1, new Position(1, 1), new Position(2, 1), Map.of(), "topic", 0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("A is 1:0/1 and B is 2:0/1; both belong to one epoch");
  }

  private static Watermark mark(long epoch, long lsn, long gateLsn) {
    return new Watermark(new Position(epoch, lsn), gateLsn, Instant.EPOCH);
  }

  private static Round round(
      Position ceiling, Map<String, Long> generations, Watermark mark, long lastOffset) {
    return new Round(0, ceiling, Set.of(), generations, Optional.of(mark), "topic", lastOffset);
  }
}
