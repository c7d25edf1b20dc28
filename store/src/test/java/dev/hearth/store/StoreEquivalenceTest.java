package dev.hearth.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.sandbox.Cases;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * Real stores against {@link FencedProtocol}, operation by operation, {@value #OPERATIONS} of them.
 * {@code -Dhearth.seed=} repeats a run, {@code -Dhearth.operations=} sets its length.
 */
class StoreEquivalenceTest {
  /** Shorter runs, asked for by hand, need not reach everything. */
  private static final int ENOUGH_FOR_EVERY_OUTCOME = 3_000;

  private static final int OPERATIONS = 10_000;

  private final long seed = Cases.seed();
  private final int operations = Integer.getInteger("hearth.operations", OPERATIONS);

  @Test
  void redisDoesAsTheProtocol() {
    try (StoreUnderTest redis = new RedisUnderTest()) {
      run("Redis", redis);
    }
  }

  @Test
  void hazelcastDoesAsTheProtocol() {
    try (StoreUnderTest hazelcast = new HazelcastUnderTest()) {
      run("Hazelcast", hazelcast);
    }
  }

  private void run(String name, StoreUnderTest server) {
    System.out.println(name + ": -Dhearth.seed=" + seed);
    try (SideBySide both = new SideBySide(server, new Random(seed))) {
      for (int operation = 1; operation <= operations; operation++) {
        try {
          both.step();
        } catch (AssertionError | RuntimeException e) {
          throw new AssertionError(
              name + " differs at operation " + operation + " of -Dhearth.seed=" + seed, e);
        }
      }
      System.out.println(name + ": " + operations + " operations, outcomes " + both.reached());
      if (operations >= ENOUGH_FOR_EVERY_OUTCOME) {
        assertThat(both.reached().keySet()).containsAll(SideBySide.OUTCOMES);
      }
    }
  }
}
