package dev.hearth.store.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.hearth.sandbox.RedisServer;
import dev.hearth.sandbox.Sandbox;
import dev.hearth.schemas.key.KeySlot;
import dev.hearth.schemas.position.Position;
import dev.hearth.store.CacheKey;
import dev.hearth.store.DeliveredLog;
import dev.hearth.store.Eventually;
import dev.hearth.store.FencedStore;
import dev.hearth.store.FillOutcome;
import dev.hearth.store.Lease;
import dev.hearth.store.ReadOutcome;
import dev.hearth.store.RoundBuilder;
import dev.hearth.store.StoreUnavailableException;
import dev.hearth.store.TagToken;
import dev.hearth.store.Value;
import io.lettuce.core.KillArgs;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.api.sync.RedisCommands;
import io.lettuce.core.codec.StringCodec;
import io.lettuce.core.output.StatusOutput;
import io.lettuce.core.protocol.CommandArgs;
import io.lettuce.core.protocol.CommandType;
import io.lettuce.core.sentinel.api.sync.RedisSentinelCommands;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A master, its replica and a sentinel: writes that a failover loses, masters that are demoted. */
class RedisFailoverTest {
  private static final Duration HOUR = Duration.ofHours(1);
  private static final int PARTITIONS = 4;
  private static final CacheKey KEY = new CacheKey("products", "product:1");
  private static final int PARTITION = KeySlot.partitionOf(KEY.key(), PARTITIONS);
  private static final CacheKey TAG =
      Stream.iterate(0, n -> n + 1)
          .map(n -> new CacheKey("lists", "list:" + n))
          .filter(tag -> KeySlot.partitionOf(tag.key(), PARTITIONS) == PARTITION)
          .findFirst()
          .orElseThrow();
  private static final String RECORD = "test:meta:" + PARTITION;
  private static final Value OLD = value("old");
  private static final Value NEW = value("new");
  private static final Position CHANGE = new Position(1, 200);

  private final Sandbox sandbox = Sandbox.builder().servers().start();
  private final RedisServer master = sandbox.startRedis();
  private final RedisServer replica = sandbox.startRedis("replicaof 127.0.0.1 " + master.port());
  private final RedisClient client = RedisClient.create();
  private final RedisCommands<String, String> onMaster = commands(master);
  private final RedisCommands<String, String> onReplica = commands(replica);
  private final List<RedisStore> opened = new ArrayList<>();

  @AfterEach
  void stop() {
    opened.forEach(RedisStore::close);
    client.shutdown();
    sandbox.close();
  }

  /** R15. */
  @Test
  void aFailoverThatLostTheLastWritesIsRepairedFromThePositionInTheStore() {
    RedisServer sentinel = sentinel();
    RedisStore redis = open(uri(sentinel));
    FencedStore store = redis.connect();
    DeliveredLog log = begin(redis);
    loseAChangeInAFailover(sentinel, store, log);
    long killed = System.nanoTime();

    ReadOutcome unrepaired = Eventually.answered(() -> join(store.get(KEY)));
    long promoted = System.nanoTime();
    log.publish(mark(220));
    log.deliver();
    ReadOutcome repaired = join(store.get(KEY));
    long safe = System.nanoTime();

    System.out.printf(
        "Redis Sentinel: the replica answers after %.0f ms, safe %.0f ms later%n",
        (promoted - killed) / 1e6, (safe - promoted) / 1e6);
    ReadOutcome.Hit stale = (ReadOutcome.Hit) unrepaired;
    assertThat(stale.value()).isEqualTo(OLD);
    assertThat(stale.applied().atLeast(CHANGE)).isFalse();
    assertThat(log.outages()).isPositive();
    Lease lease = ((ReadOutcome.Granted) repaired).lease();
    assertThat(lease.applied().atLeast(CHANGE)).isTrue();
    assertThat(join(store.fill(KEY, lease, NEW, HOUR))).isEqualTo(FillOutcome.STORED);
    assertThat(onReplica.exists(KEY.key())).isEqualTo(1);
  }

  /** R15: the token of a tag comes back, and with it what was filled under it. */
  @Test
  void aFailoverThatLostTheDeleteOfATagIsRepairedFromThePositionInTheStore() {
    RedisServer sentinel = sentinel();
    RedisStore redis = open(uri(sentinel));
    FencedStore store = redis.connect();
    DeliveredLog log = begin(redis);
    Lease created = ((ReadOutcome.Granted) join(store.get(TAG))).lease();
    assertThat(join(store.fill(TAG, created, TagToken.random().value(), HOUR)))
        .isEqualTo(FillOutcome.STORED);
    Lease lease = ((ReadOutcome.Granted) join(store.get(KEY, List.of(TAG)))).lease();
    assertThat(join(store.fill(KEY, lease, OLD, HOUR))).isEqualTo(FillOutcome.STORED);
    Eventually.until("the replica has all", () -> onMaster.waitForReplication(1, 100) == 1);
    cutOff();
    log.publish(new RoundBuilder(PARTITION).keys(TAG).ceiling(CHANGE.epoch(), CHANGE.lsn()));
    log.publish(mark(210));
    log.deliver();
    ReadOutcome deleted = join(store.get(KEY, List.of(TAG)));
    sentinelCommands(sentinel).set("shop", "down-after-milliseconds", "1000");
    master.kill();

    ReadOutcome unrepaired = Eventually.answered(() -> join(store.get(KEY, List.of(TAG))));
    log.publish(mark(220));
    log.deliver();
    ReadOutcome repaired = join(store.get(KEY, List.of(TAG)));

    assertThat(deleted).isEqualTo(new ReadOutcome.TagsMissing(List.of(TAG)));
    ReadOutcome.Hit stale = (ReadOutcome.Hit) unrepaired;
    assertThat(stale.value()).isEqualTo(OLD);
    assertThat(stale.applied().atLeast(CHANGE)).isFalse();
    assertThat(repaired).isEqualTo(new ReadOutcome.TagsMissing(List.of(TAG)));
  }

  /** Protection off: what was applied is remembered outside the store, and written to it. */
  @Test
  void brokenWithAKeptOutsideTheStoreAFailoverMakesTheOldValueVouchedFor() {
    RedisServer sentinel = sentinel();
    RedisStore redis = open(uri(sentinel));
    FencedStore store = redis.connect();
    DeliveredLog log = begin(redis);
    String remembered = loseAChangeInAFailover(sentinel, store, log);

    Eventually.answered(() -> join(store.get(KEY)));
    Eventually.until("the replica is a master", () -> isMaster(onReplica));
    onReplica.set(RECORD, remembered);
    log.publish(mark(220));
    log.deliver();

    assertThat(vouchedFor(join(store.get(KEY)), OLD)).isTrue();
  }

  /**
   * The old value reaches the replica; then it is cut off, and the change reaches the master only,
   * which dies.
   *
   * @return the meta record that the master had
   */
  private String loseAChangeInAFailover(RedisServer sentinel, FencedStore store, DeliveredLog log) {
    fill(store, OLD);
    Eventually.until("the replica has all", () -> onMaster.waitForReplication(1, 100) == 1);
    cutOff();
    log.publish(change());
    log.publish(mark(210));
    log.deliver();
    fill(store, NEW);
    assertThat(vouchedFor(join(store.get(KEY)), NEW)).isTrue();
    String record = onMaster.get(RECORD);
    sentinelCommands(sentinel).set("shop", "down-after-milliseconds", "1000");
    master.kill();
    return record;
  }

  private void cutOff() {
    serveNoReplication(onMaster);
    Eventually.until(
        "the replica is cut off",
        () -> onReplica.info("replication").contains("master_link_status:down"));
  }

  /** From now on its replicas get nothing more. */
  static void serveNoReplication(RedisCommands<String, String> master) {
    master.dispatch(
        CommandType.ACL,
        new StatusOutput<>(StringCodec.UTF8),
        new CommandArgs<>(StringCodec.UTF8)
            .add("SETUSER")
            .add("default")
            .add("-psync")
            .add("-sync"));
    master.clientKill(KillArgs.Builder.typeSlave());
  }

  /** RD-05: a client stays with a demoted master. */
  @Test
  void readersAndDeliveriesLeaveADemotedMaster() {
    RedisServer sentinel = sentinel();
    RedisStore redis = open(uri(sentinel));
    FencedStore store = redis.connect();
    DeliveredLog log = begin(redis);
    fill(store, OLD);
    Eventually.until("the replica has all", () -> onMaster.waitForReplication(1, 100) == 1);

    sentinelCommands(sentinel).failover("shop");
    Eventually.until("the replica is a master", () -> isMaster(onReplica));
    Eventually.until("the master is a replica", () -> !isMaster(onMaster));
    log.publish(change());
    log.publish(mark(210));
    log.deliver();
    Eventually.until("the reader takes leases again", () -> takesLease(store));

    assertThat(onReplica.exists(KEY.key())).isEqualTo(1);
  }

  /** Nobody tells the delivery, and its connection stands. */
  @Test
  void aDeliveryDoesNotTalkToAReplica() {
    RedisStore redis = open(master.uri());
    DeliveredLog log = begin(redis);

    onReplica.replicaofNoOne();
    onMaster.replicaof("127.0.0.1", replica.port());
    log.publish(mark(220));
    boolean applied = log.tried();

    assertThat(applied).isFalse();
    assertThatThrownBy(redis::connectForDelivery)
        .isInstanceOf(StoreUnavailableException.class)
        .hasMessage(
            "store cache: Redis at 127.0.0.1:"
                + master.port()
                + " is a replica, which takes no leases and no deletes; expected a master. Name"
                + " the master, or the sentinels that know it:"
                + " redis-sentinel://HOST:26379#MASTER");
    onMaster.replicaofNoOne();
    log.deliver();
    assertThat(log.outages()).isPositive();
  }

  /** What was given up may still be done, later, between rounds that came after it. */
  @Test
  void aRoundThatWasGivenUpDoesNoHarmWhenItIsDoneAfterAll() {
    RedisStore redis = open(master.uri());
    FencedStore store = redis.connect();
    DeliveredLog log = begin(redis);
    fill(store, OLD);

    master.pause();
    log.publish(change());
    boolean applied = log.tried();
    master.resume();
    log.publish(mark(210));
    log.deliver();

    assertThat(applied).isFalse();
    Lease lease = ((ReadOutcome.Granted) Eventually.answered(() -> join(store.get(KEY)))).lease();
    assertThat(lease.applied().atLeast(CHANGE)).isTrue();
  }

  @Test
  void saysWhichSentinelsKnowNoMaster() {
    RedisServer sentinel = sentinel();
    RedisStore redis = open("redis-sentinel://127.0.0.1:" + sentinel.port() + "/0#nobody");

    assertThatThrownBy(redis::connect)
        .isInstanceOf(StoreUnavailableException.class)
        .hasMessageStartingWith(
            "store cache: no Redis server can be reached at nobody of the sentinels 127.0.0.1:"
                + sentinel.port());
  }

  @Test
  void saysThatServersAreNoCluster() {
    RedisStore redis = open(master.uri() + "," + "127.0.0.1:" + replica.port());

    assertThatThrownBy(redis::connect)
        .isInstanceOf(StoreUnavailableException.class)
        .hasMessageStartingWith(
            "store cache: no Redis Cluster can be reached at 127.0.0.1:"
                + master.port()
                + ", 127.0.0.1:"
                + replica.port()
                + ": ");
  }

  private static String uri(RedisServer sentinel) {
    return "redis-sentinel://127.0.0.1:" + sentinel.port() + "/0#shop";
  }

  /**
   * A sentinel that knows both servers, and is in no hurry: a master that a busy machine does not
   * let answer for a second must not be given up before it is killed.
   */
  private RedisServer sentinel() {
    Eventually.until(
        "the replica is linked",
        () -> onReplica.info("replication").contains("master_link_status:up"));
    RedisServer sentinel =
        sandbox.startSentinel(
            "sentinel monitor shop 127.0.0.1 " + master.port() + " 1",
            "sentinel down-after-milliseconds shop 60000",
            "sentinel failover-timeout shop 10000");
    Eventually.until(
        "the sentinel knows the replica",
        () ->
            sentinelCommands(sentinel).replicas("shop").stream()
                .anyMatch(known -> "ok".equals(known.get("master-link-status"))));
    return sentinel;
  }

  private RedisSentinelCommands<String, String> sentinelCommands(RedisServer sentinel) {
    return client.connectSentinel(RedisURI.create("127.0.0.1", sentinel.port())).sync();
  }

  private RedisCommands<String, String> commands(RedisServer server) {
    StringCodec everyByte = new StringCodec(StandardCharsets.ISO_8859_1);
    return client.connect(everyByte, RedisURI.create(server.uri())).sync();
  }

  private RedisStore open(String uri) {
    RedisStore.Options defaults = RedisStore.Options.defaults();
    RedisStore store =
        new RedisStore(
            "cache",
            uri,
            "test",
            PARTITIONS,
            new RedisStore.Options(
                HOUR,
                defaults.timeout(),
                defaults.advanceEvery(),
                defaults.tokens(),
                defaults.incarnations(),
                defaults.foreign()));
    opened.add(store);
    return store;
  }

  private static DeliveredLog begin(RedisStore redis) {
    DeliveredLog log = new DeliveredLog(redis.connectForDelivery(), PARTITION);
    log.deliver();
    log.publish(mark(100));
    log.deliver();
    return log;
  }

  private static boolean isMaster(RedisCommands<String, String> server) {
    // Sentinel cuts every connection of a server whose role it changes, this one too.
    return Eventually.answered(
            () -> join(server.getStatefulConnection().async().info("replication")))
        .contains("role:master");
  }

  private static boolean takesLease(FencedStore store) {
    return join(
        store.get(KEY).handle((outcome, failure) -> outcome instanceof ReadOutcome.Granted));
  }

  private static RoundBuilder change() {
    return new RoundBuilder(PARTITION).keys(KEY).ceiling(CHANGE.epoch(), CHANGE.lsn());
  }

  private static RoundBuilder mark(long lsn) {
    return new RoundBuilder(PARTITION).watermark(1, lsn, lsn);
  }

  private static boolean vouchedFor(ReadOutcome outcome, Value value) {
    return outcome instanceof ReadOutcome.Hit hit
        && hit.value().equals(value)
        && hit.applied().atLeast(CHANGE);
  }

  private static void fill(FencedStore store, Value value) {
    Lease lease = ((ReadOutcome.Granted) join(store.get(KEY))).lease();
    assertThat(join(store.fill(KEY, lease, value, HOUR))).isEqualTo(FillOutcome.STORED);
  }

  private static Value value(String text) {
    return Value.of(text.getBytes(StandardCharsets.UTF_8));
  }

  private static <T> T join(CompletionStage<T> stage) {
    return stage.toCompletableFuture().join();
  }
}
