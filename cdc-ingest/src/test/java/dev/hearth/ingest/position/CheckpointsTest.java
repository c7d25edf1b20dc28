package dev.hearth.ingest.position;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class CheckpointsTest {
  private static final long APART = Checkpoints.INTERVAL.toNanos() + 1;

  private final Checkpoints checkpoints = new Checkpoints();

  @Test
  void confirmsUpToTheLastPlaceOfWhatIsPublished() {
    checkpoints.received(0, 0, 100);
    checkpoints.received(1, APART, 200);
    checkpoints.received(2, 2 * APART, 300);

    assertThat(checkpoints.takeBefore(2)).hasValue(200);
  }

  @Test
  void confirmsNoPlaceTwiceAndNoneThatIsNotPublished() {
    checkpoints.received(0, 0, 100);
    checkpoints.received(1, APART, 200);
    checkpoints.takeBefore(1);

    assertThat(checkpoints.takeBefore(1)).isEmpty();
  }

  @Test
  void passesOverPlacesThatAreCloseToTheOneBefore() {
    checkpoints.received(0, 0, 100);
    checkpoints.received(1, APART - 1, 200);

    assertThat(checkpoints.takeBefore(2)).hasValue(100);
  }

  @Test
  void confirmsNothingForARecordThatHasNoPlace() {
    checkpoints.received(0, 0, 0);

    assertThat(checkpoints.takeBefore(1)).isEmpty();
  }

  @Test
  void forgetsPlacesWithoutConfirmingTooFarWhereNothingIsPublishedForLong() {
    for (int i = 0; i <= Checkpoints.MOST; i++) {
      checkpoints.received(i, i * APART, 100 + i);
    }

    assertThat(checkpoints.takeBefore(1)).isEmpty();
    assertThat(checkpoints.takeBefore(3)).hasValue(101);
    assertThat(checkpoints.takeBefore(Checkpoints.MOST + 1)).hasValue(100 + Checkpoints.MOST - 1);
  }
}
