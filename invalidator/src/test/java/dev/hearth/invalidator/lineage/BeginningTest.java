package dev.hearth.invalidator.lineage;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class BeginningTest {
  private static final Instant WANTED = Instant.parse("2026-11-22T12:00:00Z");
  private static final Instant LATER = WANTED.plusSeconds(600);

  @Test
  void aLogThatReachesFurtherBackIsReadFromTheTimeThatIsWanted() {
    assertThat(Beginning.decide(WANTED, 100, 900, Optional.of(new Beginning(500, LATER))))
        .isEqualTo(new Beginning(500, WANTED));
  }

  @Test
  void aLogThatWasCutThereKnowsNoMoreThanItHolds() {
    assertThat(Beginning.decide(WANTED, 500, 900, Optional.of(new Beginning(500, LATER))))
        .isEqualTo(new Beginning(500, LATER));
  }

  @Test
  void aLogFromItsFirstRecordOnLeavesNothingOut() {
    assertThat(Beginning.decide(WANTED, 0, 900, Optional.of(new Beginning(0, LATER))))
        .isEqualTo(new Beginning(0, WANTED));
  }

  @Test
  void nothingCameSince() {
    assertThat(Beginning.decide(WANTED, 100, 900, Optional.empty()))
        .isEqualTo(new Beginning(900, WANTED));
  }
}
