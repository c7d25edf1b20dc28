package dev.hearth.warmer.guard;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.schemas.position.History;
import dev.hearth.schemas.position.Position;
import dev.hearth.store.standby.EpochHistories;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class StreamProofTest {
  private static final History ONE = new History("7000", 1);
  private static final History PROMOTED = new History("7000", 2);
  private static final EpochHistories HISTORIES =
      epoch ->
          epoch == 1 ? Optional.of(ONE) : epoch == 2 ? Optional.of(PROMOTED) : Optional.empty();

  private final StreamProof asked = StreamProof.NONE.with(new PrimaryMark(1_000, ONE, 500));

  @Test
  void isAsOldAsTheMarkThatEveryPartitionHasReached() {
    StreamProof proof = asked.seen(List.of(at(1, 500), at(1, 900)), HISTORIES);

    assertThat(proof.age(4_000)).contains(Duration.ofNanos(3_000));
    assertThat(proof.wantsMark()).isTrue();
  }

  @Test
  void provesNothingWhileAPartitionIsBehind() {
    StreamProof proof = asked.seen(List.of(at(1, 499), at(1, 900)), HISTORIES);

    assertThat(proof.age(4_000)).isEmpty();
    assertThat(proof.wantsMark()).as("goes on waiting for the same mark").isFalse();
  }

  @Test
  void provesNothingWhereAPartitionHasNoRecord() {
    assertThat(asked.seen(List.of(at(1, 900), Optional.empty()), HISTORIES).age(4_000)).isEmpty();
    assertThat(asked.seen(List.of(), HISTORIES).age(4_000)).isEmpty();
  }

  @Test
  void forgetsItsProofWhereAPartitionHasLostItsRecord() {
    StreamProof proven = asked.seen(List.of(at(1, 500), at(1, 900)), HISTORIES);

    assertThat(proven.seen(List.of(at(1, 500), Optional.empty()), HISTORIES).age(4_000)).isEmpty();
  }

  @Test
  void provesNothingInAnEpochThatNobodyKnows() {
    assertThat(asked.seen(List.of(at(9, 900)), HISTORIES).age(4_000)).isEmpty();
  }

  @Test
  void asksAnewWhereTheStoreFollowsAnotherHistory() {
    StreamProof proof = asked.seen(List.of(at(2, 900)), HISTORIES);

    assertThat(proof.age(4_000)).isEmpty();
    assertThat(proof.wantsMark()).isTrue();
  }

  @Test
  void keepsTheLastProofWhileTheNextOneIsSought() {
    StreamProof proof =
        asked
            .seen(List.of(at(1, 500)), HISTORIES)
            .with(new PrimaryMark(2_000, ONE, 700))
            .seen(List.of(at(1, 600)), HISTORIES);

    assertThat(proof.age(4_000)).contains(Duration.ofNanos(3_000));
  }

  @Test
  void comparesPositionsWithoutSign() {
    StreamProof high = StreamProof.NONE.with(new PrimaryMark(1_000, ONE, Long.MIN_VALUE));

    assertThat(high.seen(List.of(at(1, Long.MAX_VALUE)), HISTORIES).age(4_000)).isEmpty();
    assertThat(high.seen(List.of(at(1, -1)), HISTORIES).age(4_000)).isPresent();
  }

  private static Optional<Position> at(long epoch, long lsn) {
    return Optional.of(new Position(epoch, lsn));
  }
}
