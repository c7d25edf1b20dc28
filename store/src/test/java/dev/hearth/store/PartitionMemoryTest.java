package dev.hearth.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.schemas.position.Position;
import dev.hearth.schemas.position.Watermark;
import dev.hearth.store.PartitionMemory.Moves;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class PartitionMemoryTest {
  private static final Meta META =
      new Meta(7, new Position(1, 100), new Position(1, 110), Map.of(), "topic", 5);
  private static final Optional<Watermark> MARK =
      Optional.of(new Watermark(new Position(1, 200), 210, Instant.EPOCH));

  @Test
  void raisesFromWhatItWroteLastAndAdvancesFromWhatItRaised() {
    Round round = round(new Position(1, 150), MARK, 6);

    Moves moves = new PartitionMemory(Optional.of(META)).moves(round, () -> 1);

    assertThat(moves.expected()).contains(META);
    assertThat(moves.raise()).contains(META.raisedBy(round));
    assertThat(moves.advance()).contains(META.raisedBy(round).advancedBy(round));
    assertThat(moves.result()).isEqualTo(moves.advance());
  }

  @Test
  void savesTheFirstWriteWhereNothingIsRaised() {
    Round round = round(Position.NONE, MARK, 6);

    Moves moves = new PartitionMemory(Optional.of(META)).moves(round, () -> 1);

    assertThat(moves.raise()).isEmpty();
    assertThat(moves.advance()).contains(META.advancedBy(round));
  }

  @Test
  void beginsWithAWatermarkAndARandomIncarnation() {
    Round round = round(new Position(1, 150), MARK, 6);

    Moves moves = PartitionMemory.NOTHING.moves(round, () -> 99);

    assertThat(moves.expected()).isEmpty();
    assertThat(moves.raise()).isEmpty();
    assertThat(moves.result()).contains(Meta.born(99, MARK.orElseThrow(), round));
  }

  @Test
  void writesNothingBeforeTheFirstWatermark() {
    Moves moves =
        PartitionMemory.NOTHING.moves(round(new Position(1, 150), Optional.empty(), 6), () -> 99);

    assertThat(moves.result()).isEmpty();
  }

  private static Round round(Position ceiling, Optional<Watermark> mark, long lastOffset) {
    return new Round(0, ceiling, Set.of(), Map.of(), mark, "topic", lastOffset);
  }
}
