package dev.hearth.store;

import dev.hearth.sandbox.Cases;
import java.util.Random;
import org.junit.jupiter.api.Test;

class RedisClusterStoreTest extends StoreContract {
  /** Each round writes the records of 4,096 slots, so a build does not do many. */
  private static final int OPERATIONS = 150;

  private final RedisClusterUnderTest cluster = new RedisClusterUnderTest();

  @Override
  StoreUnderTest start() {
    return cluster;
  }

  /**
   * As {@link StoreEquivalenceTest}: {@code -Dhearth.seed=} repeats a run, {@code
   * -Dhearth.operations=} sets its length.
   */
  @Test
  void doesAsTheProtocolOperationByOperation() {
    long seed = Cases.seed();
    int operations = Integer.getInteger("hearth.operations", OPERATIONS);
    System.out.println("Redis Cluster: -Dhearth.seed=" + seed);
    cluster.clear();
    try (SideBySide both = new SideBySide(cluster, new Random(seed))) {
      for (int operation = 1; operation <= operations; operation++) {
        try {
          both.step();
        } catch (AssertionError | RuntimeException e) {
          throw new AssertionError(
              "Redis Cluster differs at operation " + operation + " of -Dhearth.seed=" + seed, e);
        }
      }
      System.out.println(
          "Redis Cluster: " + operations + " operations, outcomes " + both.reached());
    }
  }
}
