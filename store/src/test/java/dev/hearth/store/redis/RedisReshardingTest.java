package dev.hearth.store.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.hearth.sandbox.Cases;
import dev.hearth.schemas.key.KeySlot;
import dev.hearth.schemas.position.Position;
import dev.hearth.store.CacheKey;
import dev.hearth.store.DeliveredLog;
import dev.hearth.store.FencedStore;
import dev.hearth.store.FillOutcome;
import dev.hearth.store.LeaseToken;
import dev.hearth.store.Meta;
import dev.hearth.store.MetaCodec;
import dev.hearth.store.ReadOutcome;
import dev.hearth.store.RedisClusterUnderTest;
import dev.hearth.store.Round;
import dev.hearth.store.RoundBuilder;
import dev.hearth.store.StoreUnavailableException;
import dev.hearth.store.Value;
import io.lettuce.core.RedisFuture;
import io.lettuce.core.api.async.RedisAsyncCommands;
import io.lettuce.core.api.sync.RedisCommands;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;

/** Slots that move from node to node, key by key, while they are read and delivered to. */
@TestInstance(Lifecycle.PER_CLASS)
class RedisReshardingTest {
  private static final Duration HOUR = Duration.ofHours(1);
  private static final Duration BOUND = Duration.ofSeconds(60);
  private static final int MOVED_SLOTS = 8;
  private static final int KEYS_PER_SLOT = 6;
  private static final int PARTITION = 0;
  private static final int FROM = 0;
  private static final int TO = 2;

  private final RedisClusterUnderTest cluster = new RedisClusterUnderTest();
  private final FencedStore store = cluster.connect(HOUR, LeaseToken::random);
  private final AtomicLong incarnations = new AtomicLong(1_000);

  @AfterAll
  void stop() {
    cluster.close();
  }

  /** A record on one node and a key on the other: the delete must not be passed over. */
  @Test
  void aChangeWhileARecordAndItsKeyAreOnTwoNodesIsNotLost() {
    DeliveredLog log = begin();
    int slot = MOVED_SLOTS + 1;
    CacheKey key = keys(slot).get(0);
    fill(key, value(0));
    beginMove(slot);
    move(bytes(key.key()));

    ReadOutcome between = join(store.get(key));
    log.publish(new RoundBuilder(PARTITION).keys(key).ceiling(1, 200));
    log.publish(mark(210));
    log.deliver();
    endMove(slot);
    log.publish(mark(220));
    log.deliver();

    assertThat(between).isEqualTo(new ReadOutcome.Uncertain());
    assertThat(cluster.cell(key)).isEmpty();
    assertThat(join(store.get(key))).isInstanceOf(ReadOutcome.Granted.class);
    assertThat(log.outages()).isZero();
  }

  /** Protection off: commands behind one another, as on one server, instead of one script. */
  @Test
  void brokenWithAPipelineTheChangeIsLostAndVouchedFor() {
    begin();
    int slot = MOVED_SLOTS + 2;
    CacheKey key = keys(slot).get(0);
    fill(key, value(0));
    beginMove(slot);
    move(bytes(key.key()));

    String record = cluster.recordOf(key);
    Meta before = cluster.meta(record).flatMap(MetaCodec::decode).orElseThrow();
    Round round =
        new RoundBuilder(PARTITION).keys(key).ceiling(1, 200).watermark(1, 200, 200).build();
    Meta after = before.raisedBy(round).advancedBy(round);
    RedisAsyncCommands<byte[], byte[]> source = cluster.bytesOn(FROM);
    RedisFuture<Long> unlinked = source.unlink(bytes(key.key()));
    long advanced =
        join(
            RedisScript.REPLACE_META.<Long>inFull(
                source,
                new byte[][] {bytes(record)},
                MetaCodec.encode(before),
                MetaCodec.encode(after)));
    endMove(slot);

    assertThatThrownBy(() -> join(unlinked)).hasMessageContaining("ASK " + slot);
    assertThat(advanced).isEqualTo(1);
    ReadOutcome.Hit hit = (ReadOutcome.Hit) join(store.get(key));
    assertThat(hit.value()).isEqualTo(value(0));
    assertThat(hit.applied()).isEqualTo(new Position(1, 200));
  }

  @Test
  void nothingStaleIsReadWhileSlotsMove() {
    long seed = Cases.seed();
    DeliveredLog log = begin();
    List<CacheKey> keys =
        IntStream.range(0, MOVED_SLOTS).boxed().flatMap(slot -> keys(slot).stream()).toList();
    // What is applied: no read that begins afterwards may see less.
    AtomicIntegerArray applied = new AtomicIntegerArray(keys.size());
    AtomicIntegerArray database = new AtomicIntegerArray(keys.size());
    Seen seen = new Seen();
    ConcurrentLinkedQueue<String> stale = new ConcurrentLinkedQueue<>();
    AtomicBoolean done = new AtomicBoolean();

    List<CompletableFuture<Void>> readers =
        IntStream.range(0, 3)
            .mapToObj(
                reader ->
                    CompletableFuture.runAsync(
                        () -> {
                          Random random = new Random(seed + reader);
                          while (!done.get()) {
                            int index = random.nextInt(keys.size());
                            read(keys.get(index), index, applied, database, seen, stale);
                          }
                        },
                        RedisReshardingTest::inAThread))
            .toList();
    CompletableFuture<Void> mover =
        CompletableFuture.runAsync(
            () -> {
              for (int slot = 0; slot < MOVED_SLOTS; slot++) {
                beginMove(slot);
                moveAllKeys(slot);
                endMove(slot);
              }
            },
            RedisReshardingTest::inAThread);
    Random random = new Random(seed);
    int changes = 0;
    long deadline = System.nanoTime() + BOUND.toNanos();
    for (long lsn = 1_000;
        !mover.isDone() || changes < 300 || (!seen.enough() && System.nanoTime() < deadline);
        lsn += 10, changes++) {
      int index = random.nextInt(keys.size());
      int version = database.incrementAndGet(index);
      log.publish(new RoundBuilder(PARTITION).keys(keys.get(index)).ceiling(1, lsn));
      log.publish(mark(lsn));
      log.deliver();
      applied.set(index, version);
    }
    done.set(true);
    mover.join();
    readers.forEach(CompletableFuture::join);

    System.out.printf(
        "Redis resharding: %d slots moved, %d changes, reads %s, stale %d, mismatches %d,"
            + " outages %d%n",
        MOVED_SLOTS, changes, seen, stale.size(), log.mismatches(), log.outages());
    assertThat(stale).as("-Dhearth.seed=%d", seed).isEmpty();
    assertThat(seen.hit.sum()).isPositive();
    assertThat(seen.filled.sum()).isPositive();
    keys.forEach(
        key ->
            assertThat(cluster.node(TO).clusterCountKeysInSlot(KeySlot.of(key.key())))
                .as("the slot moved, and lives")
                .isPositive());
  }

  /** The common pool has one thread on two cores, and the readers go on until the mover is done. */
  private static void inAThread(Runnable task) {
    new Thread(task).start();
  }

  private static final class Seen {
    private final LongAdder hit = new LongAdder();
    private final LongAdder filled = new LongAdder();
    private final LongAdder busy = new LongAdder();
    private final LongAdder uncertain = new LongAdder();
    private final LongAdder failed = new LongAdder();

    /** Readers may have had no turn while the slots moved. */
    boolean enough() {
      return hit.sum() > 0 && filled.sum() > 0;
    }

    @Override
    public String toString() {
      return "hit %s, filled %s, busy %s, uncertain %s, failed %s"
          .formatted(hit, filled, busy, uncertain, failed);
    }
  }

  private void read(
      CacheKey key,
      int index,
      AtomicIntegerArray applied,
      AtomicIntegerArray database,
      Seen seen,
      ConcurrentLinkedQueue<String> stale) {
    int atLeast = applied.get(index);
    try {
      ReadOutcome outcome = join(store.get(key));
      if (outcome instanceof ReadOutcome.Hit hit) {
        seen.hit.increment();
        int version = version(hit.value());
        if (version < atLeast) {
          stale.add(key + " is version " + version + ", applied " + atLeast);
        }
      } else if (outcome instanceof ReadOutcome.Granted granted) {
        Value loaded = value(database.get(index));
        FillOutcome fill = join(store.fill(key, granted.lease(), loaded, HOUR));
        seen.filled.add(fill == FillOutcome.STORED ? 1 : 0);
      } else {
        (outcome instanceof ReadOutcome.Busy ? seen.busy : seen.uncertain).increment();
      }
    } catch (CompletionException e) {
      seen.failed.increment();
    }
  }

  private DeliveredLog begin() {
    cluster.clear();
    DeliveredLog log =
        new DeliveredLog(
            cluster.connectForDelivery(incarnations::incrementAndGet, Duration.ofSeconds(1)),
            PARTITION);
    log.deliver();
    log.publish(mark(100));
    log.deliver();
    return log;
  }

  @Test
  void saysThatOneNodeIsNotTheCluster() {
    String node = cluster.uris().get(0);
    try (RedisStore redis =
        new RedisStore("cache", node, "test", 4, RedisStore.Options.defaults())) {
      assertThatThrownBy(redis::connect)
          .isInstanceOf(StoreUnavailableException.class)
          .hasMessage(
              "store cache: Redis at "
                  + node.substring("redis://".length())
                  + " is a node of a Redis Cluster; expected one server by itself. Name several"
                  + " nodes: uri: [ redis://HOST1:6379, redis://HOST2:6379 ]");
    }
  }

  /** As redis-cli does it: the target first, then the source. */
  private void beginMove(int slot) {
    cluster.node(TO).clusterSetSlotImporting(slot, cluster.node(FROM).clusterMyId());
    cluster.node(FROM).clusterSetSlotMigrating(slot, cluster.node(TO).clusterMyId());
  }

  private void moveAllKeys(int slot) {
    RedisCommands<String, String> source = cluster.node(FROM);
    List<String> page = source.clusterGetKeysInSlot(slot, 1);
    while (!page.isEmpty()) {
      for (String key : page) {
        move(bytes(key));
      }
      page = source.clusterGetKeysInSlot(slot, 1);
    }
  }

  private void move(byte[] key) {
    cluster
        .node(FROM)
        .migrate(
            "127.0.0.1",
            cluster.server(TO).port(),
            new String(key, StandardCharsets.UTF_8),
            0,
            5_000);
  }

  private void endMove(int slot) {
    String target = cluster.node(TO).clusterMyId();
    moveAllKeys(slot);
    for (int node : new int[] {TO, FROM, 1}) {
      cluster.node(node).clusterSetSlotNode(slot, target);
    }
  }

  private void fill(CacheKey key, Value value) {
    ReadOutcome.Granted granted = (ReadOutcome.Granted) join(store.get(key));
    assertThat(join(store.fill(key, granted.lease(), value, HOUR))).isEqualTo(FillOutcome.STORED);
  }

  private static RoundBuilder mark(long lsn) {
    return new RoundBuilder(PARTITION).watermark(1, lsn, lsn);
  }

  private static List<CacheKey> keys(int slot) {
    return IntStream.iterate(0, n -> n + 1)
        .mapToObj(n -> new CacheKey("products", "product:" + n))
        .filter(key -> KeySlot.of(key.key()) == slot)
        .limit(KEYS_PER_SLOT)
        .toList();
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static Value value(int version) {
    return Value.of(Integer.toString(version).getBytes(StandardCharsets.US_ASCII));
  }

  private static int version(Value value) {
    return Integer.parseInt(new String(value.bytes().orElseThrow(), StandardCharsets.US_ASCII));
  }

  private static <T> T join(CompletionStage<T> stage) {
    return stage.toCompletableFuture().join();
  }
}
