package dev.hearth.cli.shop.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;

class OutcomeTest {
  @Test
  void isCoherentOnlyWhereEntriesWereAuditedAndNoneIsStale() {
    assertThat(outcome(100, 0).isCoherent()).isTrue();
    assertThat(outcome(100, 1).isCoherent()).isFalse();
    assertThat(outcome(0, 0).isCoherent()).isFalse();
  }

  private static Outcome outcome(long audited, long stale) {
    Outcome.Lag lag = new Outcome.Lag(1, 2, 3);
    return new Outcome(10, 1, 0.5, lag, lag, Map.of(), audited, stale, 0, 1, 0);
  }
}
