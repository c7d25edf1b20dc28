package dev.hearth.schemas.position;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class PositionTest {

  @Test
  void aLaterEpochIsLaterWhateverTheLsn() {
    assertThat(new Position(2, 1)).isGreaterThan(new Position(1, 99));
    assertThat(new Position(2, 5)).isGreaterThan(new Position(2, 4));
  }

  @Test
  void lsnsAreUnsigned() {
    assertThat(new Position(1, -1)).isGreaterThan(new Position(1, Long.MAX_VALUE));
  }

  @Test
  void printsAsPostgresqlPrintsAnLsn() {
    assertThat(new Position(3, 0x16B374D848L)).hasToString("3:16/B374D848");
  }

  @Test
  void refusesANegativeEpoch() {
    assertThatThrownBy(() -> new Position(-1, 0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("epoch is -1; expected 0 or more");
  }
}
