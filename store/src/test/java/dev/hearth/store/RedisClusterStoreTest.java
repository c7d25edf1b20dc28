package dev.hearth.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.sandbox.Cases;
import dev.hearth.schemas.key.KeySlot;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
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

  /** A node that lost its memory keeps its id; the incarnation of what it holds tells. */
  @Test
  void tellsNoMembersAndALossByTheIncarnationOfTheSlotsOfTheNode() {
    int partition = 1;
    CacheKey lost = keyIn(partition, 0);
    CacheKey kept = keyIn(partition, 1);
    AtomicLong incarnations = new AtomicLong(5_000);
    cluster.clear();
    try (FencedStore store = cluster.connect(Duration.ofHours(1), LeaseToken::random);
        DeliveryTarget delivery = cluster.connectForDelivery(incarnations::incrementAndGet)) {
      DeliveredLog log = new DeliveredLog(delivery, partition);
      log.deliver();
      log.publish(new RoundBuilder(partition).watermark(1, 100, 100));
      log.deliver();
      Era lostBefore = eraOf(store, lost);
      Era keptBefore = eraOf(store, kept);

      String flushed = cluster.node(0).flushall();
      log.publish(new RoundBuilder(partition).watermark(1, 200, 200));
      log.deliver();
      log.publish(new RoundBuilder(partition).watermark(1, 300, 300));
      log.deliver();

      assertThat(flushed).isEqualTo("OK");
      assertThat(eraOf(store, lost).incarnation()).isNotEqualTo(lostBefore.incarnation());
      assertThat(eraOf(store, kept)).isEqualTo(keptBefore);
      assertThat(store.members()).isEmpty();
    }
  }

  private static Era eraOf(FencedStore store, CacheKey key) {
    ReadOutcome.Granted granted = (ReadOutcome.Granted) store.get(key).toCompletableFuture().join();
    store.release(key, granted.lease()).toCompletableFuture().join();
    return granted.lease().era();
  }

  /** A key of a partition that two nodes share. */
  private CacheKey keyIn(int partition, int node) {
    return Stream.iterate(1, n -> n + 1)
        .map(n -> new CacheKey("products", "product:" + n))
        .filter(key -> KeySlot.partitionOf(key.key(), StoreUnderTest.PARTITIONS) == partition)
        .filter(key -> cluster.nodeOf(key) == node)
        .findFirst()
        .orElseThrow();
  }
}
