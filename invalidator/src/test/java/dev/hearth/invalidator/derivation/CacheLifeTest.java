package dev.hearth.invalidator.derivation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.sandbox.Cases;
import org.junit.jupiter.api.Test;

class CacheLifeTest {
  @Test
  void isDueAtEveryRecordUntilItIsSettledThere() {
    CacheLife due = CacheLife.UNKNOWN.due("poison");
    CacheLife settled = due.settledAt(7, "a1");

    assertThat(CacheLife.UNKNOWN.isDueAt(0)).isFalse();
    assertThat(due.isDueAt(7)).isTrue();
    assertThat(settled.isDueAt(7)).as("the record came again: it was not committed").isTrue();
    assertThat(settled.isDueAt(8)).isFalse();
  }

  @Test
  void isReadAsItWasWritten() {
    Cases.check(
        1_000,
        random -> {
          CacheLife life =
              new CacheLife(
                  random.nextLong(),
                  random.nextLong(),
                  random.nextBoolean() ? "" : "unknown-value",
                  random.nextBoolean() ? "" : Long.toHexString(random.nextLong()));

          assertThat(CacheLife.parse(life.text())).isEqualTo(life);
        });
  }
}
