package dev.hearth.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.hearth.client.FreshnessPolicy.Course;
import dev.hearth.client.feed.Evidence;
import dev.hearth.schemas.position.History;
import dev.hearth.schemas.position.Position;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class DoubtTest {
  private static final WriteToken TOKEN = new WriteToken("77", 2, 0x500);

  @Test
  void hasNoneWhereAnythingWillDo() {
    assertThat(Doubt.of(Freshness.any(), evidence(0, Optional.empty(), Optional.empty())))
        .isEmpty();
  }

  @Test
  void ofATokenIsGoneWhereThePositionIsAtOrAboveItInTheSameHistory() {
    Freshness after = Freshness.after(TOKEN);

    assertThat(Doubt.of(after, at(0x4FF, "77", 2))).contains(Doubt.BEHIND_TOKEN);
    assertThat(Doubt.of(after, at(0x500, "77", 2))).isEmpty();
    assertThat(Doubt.of(after, at(-1, "77", 2))).isEmpty();
    assertThat(Doubt.of(after, at(0x900, "77", 1))).contains(Doubt.BEHIND_TOKEN);
    assertThat(Doubt.of(after, at(0x900, "77", 3))).contains(Doubt.BEHIND_TOKEN);
    assertThat(Doubt.of(after, at(0x900, "78", 2))).contains(Doubt.BEHIND_TOKEN);
  }

  @Test
  void ofATokenStaysWhereTheEpochsHistoryIsNotKnownOrNotSettled() {
    assertThat(
            Doubt.of(
                Freshness.after(TOKEN),
                evidence(0x900, Optional.empty(), Optional.of(Duration.ZERO))))
        .contains(Doubt.UNPROVEN);
  }

  @Test
  void ofABoundIsGoneWhereWhatVouchesIsYoungEnough() {
    Freshness within = Freshness.within(Duration.ofSeconds(2));

    assertThat(Doubt.of(within, aged(Duration.ofSeconds(2)))).isEmpty();
    assertThat(Doubt.of(within, aged(Duration.ofMillis(2001)))).contains(Doubt.TOO_OLD);
    assertThat(Doubt.of(within, evidence(9, Optional.empty(), Optional.empty())))
        .contains(Doubt.UNPROVEN);
  }

  @Test
  void takesTheHigherOfTwoPositionsThatVouchButNotOneOfAnotherEpoch() {
    Evidence evidence = at(0x500, "77", 2);

    assertThat(evidence.and(new Position(1, 0x600)).position()).isEqualTo(new Position(1, 0x600));
    assertThat(evidence.and(new Position(1, 0x400)).position()).isEqualTo(new Position(1, 0x500));
    assertThat(evidence.and(new Position(2, 0x600)).position()).isEqualTo(new Position(1, 0x500));
  }

  @Test
  void sendsATokenThatIsAheadOfAHealthyStoreToTheDatabaseWhateverThePolicy() {
    for (WhenStale whenStale : WhenStale.values()) {
      FreshnessPolicy policy = policy(whenStale);

      assertThat(policy.course(Doubt.BEHIND_TOKEN, aged(Duration.ofSeconds(4))))
          .isEqualTo(Course.DATABASE);
    }
  }

  @Test
  void leavesReadsOfAStoppedStreamToThePolicy() {
    Evidence stopped = aged(Duration.ofSeconds(6));
    Evidence unknown = evidence(9, Optional.empty(), Optional.empty());

    for (Doubt doubt : Doubt.values()) {
      for (Evidence evidence : new Evidence[] {stopped, unknown}) {
        assertThat(policy(WhenStale.DATABASE).course(doubt, evidence))
            .isEqualTo(Course.DATABASE_WITHIN_BUDGET);
        assertThat(policy(WhenStale.STALE).course(doubt, evidence)).isEqualTo(Course.STALE);
        assertThat(policy(WhenStale.FAIL).course(doubt, evidence)).isEqualTo(Course.REFUSE);
      }
    }
  }

  @Test
  void refusesABoundThatIsNone() {
    assertThatThrownBy(() -> Freshness.within(Duration.ZERO))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("freshness is within PT0S; expected more than zero");
  }

  @Test
  void aBudgetGivesNoMoreThanItHas() {
    BypassBudget none = BypassBudget.of(0, Duration.ofSeconds(1));
    BypassBudget two = BypassBudget.of(2, Duration.ofDays(2));

    assertThat(none.take()).isFalse();
    assertThat(two.take()).isTrue();
    assertThat(two.take()).isFalse();
    assertThatThrownBy(() -> BypassBudget.of(-1, Duration.ofSeconds(1)))
        .hasMessage("bypass budget is -1 per PT1S; expected 0 or more in a positive time");
  }

  private static FreshnessPolicy policy(WhenStale whenStale) {
    return new FreshnessPolicy(whenStale, BypassBudget.of(1, Duration.ofSeconds(1)));
  }

  private static Evidence at(long lsn, String system, int timeline) {
    return evidence(lsn, Optional.of(new History(system, timeline)), Optional.empty());
  }

  private static Evidence aged(Duration age) {
    return evidence(9, Optional.of(new History("77", 2)), Optional.of(age));
  }

  private static Evidence evidence(long lsn, Optional<History> history, Optional<Duration> age) {
    return new Evidence(new Position(1, lsn), history, age);
  }
}
