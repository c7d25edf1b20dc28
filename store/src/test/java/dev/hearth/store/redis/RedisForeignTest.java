package dev.hearth.store.redis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.schemas.key.KeySlot;
import dev.hearth.schemas.position.Position;
import dev.hearth.store.CacheKey;
import dev.hearth.store.CellCodec;
import dev.hearth.store.DeliveredLog;
import dev.hearth.store.Era;
import dev.hearth.store.FencedStore;
import dev.hearth.store.FillOutcome;
import dev.hearth.store.Lease;
import dev.hearth.store.LeaseToken;
import dev.hearth.store.ReadOutcome;
import dev.hearth.store.RedisUnderTest;
import dev.hearth.store.RoundBuilder;
import dev.hearth.store.StoreUnderTest;
import dev.hearth.store.Value;
import io.lettuce.core.api.sync.RedisCommands;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BiConsumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Values that are not ours, under keys of ours: a miss and a count, and no trouble to anybody. */
@TestInstance(Lifecycle.PER_CLASS)
class RedisForeignTest {
  private static final Duration HOUR = Duration.ofHours(1);
  private static final CacheKey KEY = new CacheKey("products", "product:1");
  private static final int PARTITION = KeySlot.partitionOf(KEY.key(), StoreUnderTest.PARTITIONS);
  private static final Value VALUE = Value.of(bytes("value"));

  private final RedisUnderTest server = new RedisUnderTest();
  private final List<CacheKey> foreign = new CopyOnWriteArrayList<>();
  private final FencedStore store = server.connect(foreign::add);
  private final DeliveredLog log =
      new DeliveredLog(server.connectForDelivery(() -> System.nanoTime()), PARTITION);

  @AfterAll
  void stopServer() {
    server.close();
  }

  @BeforeEach
  void begin() {
    server.clear();
    log.publish(mark());
    log.deliver();
    log.publish(mark());
    log.deliver();
    foreign.clear();
  }

  /** What another program may put under a key. */
  private interface Writer extends BiConsumer<RedisCommands<byte[], byte[]>, byte[]> {}

  private static Stream<Arguments> writers() {
    Position position = new Position(1, 100);
    byte[] entry =
        CellCodec.entry(
            new Lease(new LeaseToken(1, 2), position, position, new Era(1, 2, 3)), VALUE);
    return Stream.of(
        writer("text", (redis, key) -> redis.set(key, bytes("{\"id\": 1}"))),
        writer("no bytes", (redis, key) -> redis.set(key, new byte[0])),
        writer("a number", (redis, key) -> redis.incr(key)),
        writer("part of an entry", (redis, key) -> redis.set(key, Arrays.copyOf(entry, 20))),
        writer("a list", (redis, key) -> redis.rpush(key, bytes("one"))),
        writer("a hash", (redis, key) -> redis.hset(key, bytes("field"), bytes("one"))),
        writer("a set", (redis, key) -> redis.sadd(key, bytes("one"))),
        writer("a sorted set", (redis, key) -> redis.zadd(key, 1, bytes("one"))),
        writer("a stream", (redis, key) -> redis.xadd(key, bytes("field"), bytes("one"))));
  }

  private static Arguments writer(String name, Writer writer) {
    return Arguments.of(name, writer);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("writers")
  void aForeignValueIsAMissAndCounted(String name, Writer writer) {
    writer.accept(server.redis(), bytes(KEY.key()));

    boolean peeked = join(store.peek(KEY)).isPresent();
    foreign.clear();
    ReadOutcome read = join(store.get(KEY));
    List<CacheKey> counted = List.copyOf(foreign);
    Lease lease = ((ReadOutcome.Granted) read).lease();
    FillOutcome fill = join(store.fill(KEY, lease, VALUE, HOUR));

    assertThat(peeked).isFalse();
    assertThat(counted).containsExactly(KEY);
    assertThat(fill).isEqualTo(FillOutcome.STORED);
    assertThat(join(store.get(KEY))).isInstanceOf(ReadOutcome.Hit.class);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("writers")
  void aForeignValueTakesALeaseAndNothingElse(String name, Writer writer) {
    Lease lease = ((ReadOutcome.Granted) join(store.get(KEY))).lease();
    server.deleteCell(KEY);
    writer.accept(server.redis(), bytes(KEY.key()));

    FillOutcome fill = join(store.fill(KEY, lease, VALUE, HOUR));
    join(store.release(KEY, lease));

    assertThat(fill).isEqualTo(FillOutcome.LEASE_LOST);
    assertThat(server.redis().exists(bytes(KEY.key()))).isEqualTo(1);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("writers")
  void aDeliveryDeletesAForeignValue(String name, Writer writer) {
    writer.accept(server.redis(), bytes(KEY.key()));

    log.publish(new RoundBuilder(PARTITION).keys(KEY).ceiling(1, 200));
    log.deliver();

    assertThat(server.redis().exists(bytes(KEY.key()))).isZero();
    assertThat(log.outages()).isZero();
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("writers")
  void aForeignValueUnderTheRecordsKeyIsNoRecord(String name, Writer writer) {
    byte[] record = bytes(server.recordOf(KEY));
    server.redis().del(new byte[][] {record});
    writer.accept(server.redis(), record);

    ReadOutcome without = join(store.get(KEY));
    log.publish(mark());
    log.deliver();
    log.publish(mark());
    log.deliver();

    assertThat(without).isEqualTo(new ReadOutcome.Uncertain());
    assertThat(log.outages()).isZero();
    assertThat(join(store.get(KEY))).isInstanceOf(ReadOutcome.Granted.class);
  }

  private static RoundBuilder mark() {
    return new RoundBuilder(PARTITION).watermark(1, 100, 100);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static <T> T join(CompletionStage<T> stage) {
    return stage.toCompletableFuture().join();
  }
}
