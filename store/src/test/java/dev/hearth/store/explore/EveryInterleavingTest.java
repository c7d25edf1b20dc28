package dev.hearth.store.explore;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.store.explore.Violation.Promise;
import java.math.BigInteger;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The production functions under every interleaving of two transactions, two fills, a redelivery
 * and a fault: the store goes back, a lease or an entry is evicted, the record of positions is
 * lost; with a standby that lags, and with a transaction that voids the whole cache. Nothing breaks
 * the promise; without any one protection something does.
 */
class EveryInterleavingTest {
  private static final Optional<Protection> PROTECTED = Optional.empty();
  private static final Scenario LAGGING_STANDBY = new Scenario(PROTECTED, true, false, 0, 1);

  private static final Map<Protection, Promise> BROKEN =
      Map.ofEntries(
          Map.entry(Protection.GATE, Promise.NOTHING_STALE_SURVIVES),
          Map.entry(Protection.POSITION_FROM_GATE, Promise.NOTHING_STALE_SURVIVES),
          Map.entry(Protection.LEASE, Promise.NOTHING_STALE_SURVIVES),
          Map.entry(Protection.ERA_OF_LEASE, Promise.NOTHING_STALE_SURVIVES),
          Map.entry(Protection.STAMP_FROM_A, Promise.STAMP_VOUCHES),
          Map.entry(Protection.STANDBY_CHECK, Promise.NOTHING_STALE_SURVIVES),
          Map.entry(Protection.STANDBY_CHECK_AGAINST_B, Promise.NOTHING_STALE_SURVIVES),
          Map.entry(Protection.B_BEFORE_EFFECT, Promise.NOTHING_STALE_SURVIVES),
          Map.entry(Protection.A_AFTER_EFFECT, Promise.A_VOUCHES),
          Map.entry(Protection.ALWAYS_DELETE, Promise.A_VOUCHES),
          Map.entry(Protection.COMPARE_AND_SET, Promise.A_VOUCHES),
          Map.entry(Protection.A_IN_STORE, Promise.A_VOUCHES),
          Map.entry(Protection.ONE_SESSION, Promise.A_VOUCHES),
          Map.entry(Protection.FRESH_INCARNATION, Promise.NOTHING_STALE_SURVIVES));

  static Stream<Scenario> scenarios() {
    return Stream.of(
        new Scenario(PROTECTED, false, false, 1, 1),
        LAGGING_STANDBY,
        new Scenario(PROTECTED, true, false, 1, 0),
        new Scenario(PROTECTED, false, true, 0, 1),
        new Scenario(PROTECTED, true, true, 0, 0));
  }

  @ParameterizedTest
  @MethodSource("scenarios")
  void nothingBreaksThePromise(Scenario scenario) {
    Explorer.Result result = Explorer.explore(World.begin(scenario));

    assertThat(result.violation()).isEmpty();
    assertThat(result.interleavings()).isGreaterThan(BigInteger.ONE);
    assertThat(result.serving()).as("states in which the latest value is read").isPositive();
    System.out.printf(
        "%s: %,d states, %,d interleavings, in %,d states the latest value is read%n",
        scenario, result.states(), result.interleavings(), result.serving());
  }

  @ParameterizedTest
  @EnumSource
  void somethingBreaksThePromiseWithout(Protection protection) {
    Promise expected = Objects.requireNonNull(BROKEN.get(protection));

    Explorer.Result result = Explorer.explore(World.begin(LAGGING_STANDBY.without(protection)));

    assertThat(result.violation())
        .hasValueSatisfying(found -> assertThat(found.promise()).isEqualTo(expected));
    System.out.printf(
        "without %s, after %,d states: %s%n",
        protection, result.states(), result.violation().orElseThrow());
  }
}
