package dev.hearth.invalidator.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.invalidator.delivery.Replays.State;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ReplaysTest {
  private final Replays replays = new Replays();

  @Test
  void sendsAPartitionBackAndNeverForward() {
    begin(Map.of(0, 10L), Map.of(0, 50L), Set.of(0));

    assertThat(replays.takeRequested()).containsExactly(0);
    assertThat(replays.takeRequested()).as("told of once").isEmpty();
    assertThat(replays.from(0, 40)).isEqualTo(10);
    assertThat(replays.from(0, 5)).as("the store is further behind").isEqualTo(5);
    assertThat(replays.from(1, 40)).as("not asked for").isEqualTo(40);
  }

  @Test
  void goesOnWhereItWasWhenAPartitionIsOpenedAnew() {
    begin(Map.of(0, 10L), Map.of(0, 50L), Set.of(0));
    replays.takeRequested();
    replays.applied(0, 29);

    assertThat(replays.from(0, 50)).isEqualTo(30);
    assertThat(replays.sentence()).isEqualTo(", replaying: 20 records to go");

    replays.applied(0, 49);

    assertThat(replays.isRunning(0)).isFalse();
    assertThat(replays.from(0, 60)).isEqualTo(60);
    assertThat(states()).containsExactly(State.DONE);
    assertThat(replays.sentence()).isEmpty();
  }

  @Test
  void doesNotCountTheRoundThatWasUnderWayWhenItWasAskedFor() {
    begin(Map.of(0, 10L), Map.of(0, 50L), Set.of(0));

    replays.applied(0, 49);

    assertThat(replays.isRunning(0)).isFalse();
    assertThat(replays.takeRequested()).containsExactly(0);
    assertThat(replays.from(0, 50)).isEqualTo(10);
    assertThat(states()).containsExactly(State.RUNNING);
  }

  @Test
  void aPartitionWithNothingBehindThePlaceIsDoneAtOnce() {
    begin(Map.of(0, 50L), Map.of(0, 50L), Set.of(0));

    assertThat(replays.takeRequested()).isEmpty();
    assertThat(states()).containsExactly(State.DONE);
  }

  @Test
  void voidsOnceWhereItIsAskedTo() {
    begin(Map.of(0, -1L), Map.of(0, 50L), Set.of(0));

    assertThat(replays.voids(0)).isTrue();
    assertThat(replays.from(0, 40)).as("there is nothing to apply again").isEqualTo(40);

    replays.voided(0);

    assertThat(replays.voids(0)).isFalse();
    assertThat(states()).containsExactly(State.VOIDED);
  }

  @Test
  void saysWhatIsOrGoesElsewhere() {
    begin(Map.of(0, 10L, 1, 10L), Map.of(0, 50L, 1, 50L), Set.of(0));

    assertThat(states()).containsExactly(State.RUNNING, State.ELSEWHERE);

    replays.revoked(List.of(0));

    assertThat(replays.takeRequested()).isEmpty();
    assertThat(states()).containsExactly(State.ELSEWHERE, State.ELSEWHERE);
  }

  @Test
  void oneAtATimeAndNoneWithoutPartitions() {
    assertThat(replays.request(Map.of(0, 1L), Map.of(0, 5L), Set.of()))
        .hasValueSatisfying(why -> assertThat(why).startsWith("no partition is delivered here"));
    begin(Map.of(0, 10L), Map.of(0, 50L), Set.of(0));

    assertThat(replays.request(Map.of(0, 1L), Map.of(0, 50L), Set.of(0)))
        .contains("a replay is under way; wait until it is done");

    replays.takeRequested();

    replays.applied(0, 49);

    assertThat(replays.request(Map.of(0, 1L), Map.of(0, 50L), Set.of(0))).isEmpty();
  }

  private void begin(Map<Integer, Long> from, Map<Integer, Long> to, Set<Integer> assigned) {
    assertThat(replays.request(from, to, assigned)).isEmpty();
  }

  private List<State> states() {
    return replays.all().stream().map(Replays.Progress::state).toList();
  }
}
