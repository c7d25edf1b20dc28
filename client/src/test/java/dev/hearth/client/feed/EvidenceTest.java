package dev.hearth.client.feed;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.schemas.position.History;
import dev.hearth.schemas.position.Position;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class EvidenceTest {
  private static final Optional<History> HISTORY = Optional.of(new History("1", 1));

  @Test
  void ofTwoThingsTheOlderVouches() {
    Evidence newer = evidence(200, HISTORY, 1);
    Evidence older = evidence(100, HISTORY, 3);

    assertThat(newer.orOlder(older)).isEqualTo(older);
    assertThat(older.orOlder(newer)).isEqualTo(older);
  }

  @Test
  void positionAndAgeMayBeOlderInDifferentThings() {
    Evidence behind = evidence(100, HISTORY, 1);
    Evidence aged = evidence(200, HISTORY, 3);

    assertThat(behind.orOlder(aged)).isEqualTo(evidence(100, HISTORY, 3));
  }

  @Test
  void whatIsNotKnownOfBothIsNotKnown() {
    Evidence known = evidence(200, HISTORY, 1);
    Evidence unknown = new Evidence(new Position(1, 100), Optional.empty(), Optional.empty());
    Evidence elsewhere = evidence(200, Optional.of(new History("1", 2)), 1);

    assertThat(known.orOlder(unknown)).isEqualTo(unknown);
    assertThat(unknown.orOlder(known)).isEqualTo(unknown);
    assertThat(known.orOlder(elsewhere).history()).isEmpty();
  }

  private static Evidence evidence(long lsn, Optional<History> history, long ageSeconds) {
    return new Evidence(new Position(1, lsn), history, Optional.of(Duration.ofSeconds(ageSeconds)));
  }
}
