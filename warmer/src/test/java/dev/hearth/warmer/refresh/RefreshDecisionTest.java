package dev.hearth.warmer.refresh;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.schemas.access.HotKeys.HotKey;
import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RefreshDecisionTest {
  @ParameterizedTest
  @CsvSource({
    "10, 0, 0, REFRESH",
    "10, 1, 8.9, REFRESH",
    "10, 1, 9, CHURNING",
    "10, 1, 100, CHURNING",
    "1, 1, 0, CHURNING",
    "0, 0, 0, CHURNING",
    "NaN, 0, 0, CHURNING"
  })
  void aKeyIsFilledAgainWhereItIsSurelyReadBeforeItIsWritten(
      double reads, double error, double writes, RefreshDecision decision) {
    assertThat(
            RefreshDecision.of(
                Optional.of(new HotKey("a", reads, error).withWritesPerSecond(writes))))
        .isEqualTo(decision);
  }

  @org.junit.jupiter.api.Test
  void aKeyThatIsNotHotIsLeftAlone() {
    assertThat(RefreshDecision.of(Optional.empty())).isEqualTo(RefreshDecision.NOT_HOT);
  }
}
