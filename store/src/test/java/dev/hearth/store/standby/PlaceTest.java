package dev.hearth.store.standby;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.schemas.position.History;
import dev.hearth.schemas.position.Position;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class PlaceTest {
  private static final History HISTORY = new History("7000", 2);
  private static final Position FLOOR = new Position(5, 1_000);

  @Test
  void servesWhatItHasReplayedAndNothingBeyond() {
    assertThat(standbyAt(1_000).refusal(HISTORY, FLOOR)).isEmpty();
    assertThat(standbyAt(1_001).refusal(HISTORY, FLOOR)).isEmpty();
    assertThat(standbyAt(999).refusal(HISTORY, FLOOR)).contains(Refusal.BEHIND);
  }

  @Test
  void comparesLsnsAsUnsignedNumbers() {
    assertThat(standbyAt(-1).refusal(HISTORY, FLOOR)).isEmpty();
    assertThat(standbyAt(1_000).refusal(HISTORY, new Position(5, -1))).contains(Refusal.BEHIND);
  }

  @Test
  void isBehindBeforeItReplayedAnything() {
    Place place = new Place(true, OptionalLong.empty(), OptionalInt.of(2), "7000");

    assertThat(place.refusal(HISTORY, FLOOR)).contains(Refusal.BEHIND);
  }

  @Test
  void refusesWhatIsNoStandbyOfTheEpochsHistoryHoweverFarItIs() {
    OptionalLong far = OptionalLong.of(9_999);

    assertThat(new Place(false, far, OptionalInt.of(2), "7000").refusal(HISTORY, FLOOR))
        .contains(Refusal.NOT_IN_RECOVERY);
    assertThat(new Place(true, far, OptionalInt.of(2), "7001").refusal(HISTORY, FLOOR))
        .contains(Refusal.FOREIGN_HISTORY);
    assertThat(new Place(true, far, OptionalInt.of(1), "7000").refusal(HISTORY, FLOOR))
        .contains(Refusal.FOREIGN_HISTORY);
    assertThat(new Place(true, far, OptionalInt.of(3), "7000").refusal(HISTORY, FLOOR))
        .contains(Refusal.FOREIGN_HISTORY);
    assertThat(new Place(true, far, OptionalInt.empty(), "7000").refusal(HISTORY, FLOOR))
        .contains(Refusal.NO_RECEIVER);
  }

  private static Place standbyAt(long lsn) {
    return new Place(true, OptionalLong.of(lsn), OptionalInt.of(2), "7000");
  }
}
