package dev.hearth.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * Real stores against {@link FencedProtocol}, operation by operation. {@code -Dhearth.seed=}
 * repeats a run, {@code -Dhearth.operations=} sets its length.
 */
class StoreEquivalenceTest {
  /** Shorter runs, asked for by hand, need not reach everything. */
  private static final int ENOUGH_FOR_EVERY_OUTCOME = 3_000;

  private static final int REDIS_OPERATIONS = 10_000;
  private static final int HAZELCAST_OPERATIONS = 3_000;
  private static final Duration HAZELCAST_TIME = Duration.ofSeconds(20);

  private final long seed = Long.getLong("hearth.seed", new Random().nextLong());
  private final Optional<Integer> asked =
      Optional.ofNullable(Integer.getInteger("hearth.operations"));

  @Test
  void redisDoesAsTheProtocol() {
    try (StoreUnderTest redis = new RedisUnderTest()) {
      run("Redis", redis, asked.orElse(REDIS_OPERATIONS), Duration.ZERO);
    }
  }

  @Test
  void hazelcastDoesAsTheProtocol() {
    try (StoreUnderTest hazelcast = new HazelcastUnderTest()) {
      run(
          "Hazelcast",
          hazelcast,
          asked.orElse(HAZELCAST_OPERATIONS),
          asked.isPresent() ? Duration.ZERO : HAZELCAST_TIME);
    }
  }

  private void run(String name, StoreUnderTest server, int atLeast, Duration time) {
    System.out.println(name + ": -Dhearth.seed=" + seed);
    long end = System.nanoTime() + time.toNanos();
    try (SideBySide both = new SideBySide(server, new Random(seed))) {
      int operations = 0;
      while (operations < atLeast || System.nanoTime() - end < 0) {
        operations++;
        try {
          both.step();
        } catch (AssertionError | RuntimeException e) {
          throw new AssertionError(
              name + " differs at operation " + operations + " of -Dhearth.seed=" + seed, e);
        }
      }
      System.out.println(name + ": " + operations + " operations, outcomes " + both.reached());
      if (operations >= ENOUGH_FOR_EVERY_OUTCOME) {
        assertThat(both.reached().keySet()).containsAll(SideBySide.OUTCOMES);
      }
    }
  }
}
