package dev.hearth.store.redis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.schemas.key.KeySlot;
import dev.hearth.schemas.position.Position;
import dev.hearth.store.CacheKey;
import dev.hearth.store.DeliveredLog;
import dev.hearth.store.Eventually;
import dev.hearth.store.FencedStore;
import dev.hearth.store.FillOutcome;
import dev.hearth.store.Lease;
import dev.hearth.store.LeaseToken;
import dev.hearth.store.ReadOutcome;
import dev.hearth.store.RedisClusterUnderTest;
import dev.hearth.store.RoundBuilder;
import dev.hearth.store.StoreUnderTest;
import dev.hearth.store.Value;
import io.lettuce.core.api.sync.RedisCommands;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** A replica of a cluster that is promoted and missed the last writes. */
class RedisClusterFailoverTest {
  private static final Duration HOUR = Duration.ofHours(1);

  /** In slot 0, on the first node. */
  private static final CacheKey KEY = new CacheKey("products", "product:1");

  private static final int PARTITION = KeySlot.partitionOf(KEY.key(), StoreUnderTest.PARTITIONS);
  private static final Value OLD = Value.of("old".getBytes(StandardCharsets.UTF_8));
  private static final Value NEW = Value.of("new".getBytes(StandardCharsets.UTF_8));
  private static final Position CHANGE = new Position(1, 200);

  /** R15. */
  @Test
  void aFailoverThatLostTheLastWritesIsRepairedFromThePositionInTheStore() {
    AtomicLong incarnations = new AtomicLong(1_000);
    try (RedisClusterUnderTest cluster = new RedisClusterUnderTest()) {
      RedisCommands<String, String> replica = cluster.addReplicaOf(0);
      FencedStore store = cluster.connect(HOUR, LeaseToken::random);
      DeliveredLog log =
          new DeliveredLog(cluster.connectForDelivery(incarnations::incrementAndGet), PARTITION);
      log.deliver();
      log.publish(mark(100));
      log.deliver();
      fill(store, OLD);
      Eventually.until(
          "the replica has all", () -> cluster.node(0).waitForReplication(1, 100) == 1);
      RedisFailoverTest.serveNoReplication(cluster.node(0));
      Eventually.until(
          "the replica is cut off",
          () -> replica.info("replication").contains("master_link_status:down"));
      log.publish(new RoundBuilder(PARTITION).keys(KEY).ceiling(CHANGE.epoch(), CHANGE.lsn()));
      log.publish(mark(210));
      log.deliver();
      fill(store, NEW);
      ReadOutcome.Hit before = (ReadOutcome.Hit) join(store.get(KEY));

      cluster.server(0).kill();
      long killed = System.nanoTime();
      ReadOutcome unrepaired = Eventually.answered(() -> join(store.get(KEY)));
      long promoted = System.nanoTime();
      log.publish(mark(220));
      log.deliver();
      ReadOutcome repaired = Eventually.answered(() -> join(store.get(KEY)));
      long safe = System.nanoTime();

      System.out.printf(
          "Redis Cluster: the replica answers after %.0f ms, safe %.0f ms later%n",
          (promoted - killed) / 1e6, (safe - promoted) / 1e6);
      assertThat(before.applied().atLeast(CHANGE)).isTrue();
      ReadOutcome.Hit stale = (ReadOutcome.Hit) unrepaired;
      assertThat(stale.value()).isEqualTo(OLD);
      assertThat(stale.applied().atLeast(CHANGE)).isFalse();
      assertThat(log.mismatches() + log.outages()).isPositive();
      Lease lease = ((ReadOutcome.Granted) repaired).lease();
      assertThat(lease.applied().atLeast(CHANGE)).isTrue();
    }
  }

  private static RoundBuilder mark(long lsn) {
    return new RoundBuilder(PARTITION).watermark(1, lsn, lsn);
  }

  private static void fill(FencedStore store, Value value) {
    Lease lease = ((ReadOutcome.Granted) join(store.get(KEY))).lease();
    assertThat(join(store.fill(KEY, lease, value, HOUR))).isEqualTo(FillOutcome.STORED);
  }

  private static <T> T join(CompletionStage<T> stage) {
    return stage.toCompletableFuture().join();
  }
}
