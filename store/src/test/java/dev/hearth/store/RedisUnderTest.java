package dev.hearth.store;

import dev.hearth.sandbox.RedisServer;
import dev.hearth.sandbox.Sandbox;
import dev.hearth.sandbox.Server;
import dev.hearth.schemas.key.KeySlot;
import dev.hearth.store.redis.RedisStore;
import io.lettuce.core.RedisClient;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.async.RedisAsyncCommands;
import io.lettuce.core.api.sync.RedisCommands;
import io.lettuce.core.codec.ByteArrayCodec;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/** A Redis server of its own. */
public final class RedisUnderTest implements StoreUnderTest {
  private static final Duration HOUR = Duration.ofHours(1);

  private final Sandbox sandbox;
  private final RedisServer server;
  private final RedisClient client;
  private final StatefulRedisConnection<byte[], byte[]> connection;
  private final List<RedisStore> stores = new ArrayList<>();

  public RedisUnderTest() {
    this(Sandbox.builder().servers(Server.REDIS).start(), Sandbox::redis);
  }

  /** A server with lines of its own in redis.conf. */
  public RedisUnderTest(String... settings) {
    this(Sandbox.builder().servers().start(), sandbox -> sandbox.startRedis(settings));
  }

  private RedisUnderTest(Sandbox sandbox, Function<Sandbox, RedisServer> start) {
    this.sandbox = sandbox;
    this.server = start.apply(sandbox);
    this.client = RedisClient.create(server.uri());
    this.connection = client.connect(ByteArrayCodec.INSTANCE);
  }

  public Sandbox sandbox() {
    return sandbox;
  }

  public RedisServer server() {
    return server;
  }

  /** Any command. */
  public RedisCommands<byte[], byte[]> redis() {
    return connection.sync();
  }

  /** Any command, without waiting. */
  public RedisAsyncCommands<byte[], byte[]> async() {
    return connection.async();
  }

  @Override
  public FencedStore connect(Duration leaseTime, Supplier<LeaseToken> tokens) {
    return store(server.uri(), leaseTime, tokens, () -> 0).connect();
  }

  @Override
  public DeliveryTarget connectForDelivery(LongSupplier incarnations) {
    return store(server.uri(), Duration.ofSeconds(10), LeaseToken::random, incarnations)
        .connectForDelivery();
  }

  @Override
  public FencedStore connectToNobody() {
    return store("redis://127.0.0.1:1", Duration.ofSeconds(10), LeaseToken::random, () -> 0)
        .connect();
  }

  /** A reader that tells of foreign values. */
  public FencedStore connect(Consumer<CacheKey> foreign) {
    return store(server.uri(), options(HOUR, LeaseToken::random, () -> 0).withForeign(foreign))
        .connect();
  }

  private RedisStore store(
      String uri, Duration leaseTime, Supplier<LeaseToken> tokens, LongSupplier incarnations) {
    return store(uri, options(leaseTime, tokens, incarnations));
  }

  private static RedisStore.Options options(
      Duration leaseTime, Supplier<LeaseToken> tokens, LongSupplier incarnations) {
    return new RedisStore.Options(
        leaseTime, Duration.ofSeconds(4), Duration.ZERO, tokens, incarnations, key -> {});
  }

  private RedisStore store(String uri, RedisStore.Options options) {
    RedisStore store = new RedisStore("cache", uri, PREFIX, PARTITIONS, options);
    stores.add(store);
    return store;
  }

  @Override
  public void clear() {
    redis().flushall();
  }

  @Override
  public Optional<byte[]> cell(CacheKey key) {
    return Optional.ofNullable(redis().get(bytes(key.key())));
  }

  @Override
  public void putCell(CacheKey key, byte[] bytes) {
    redis().set(bytes(key.key()), bytes);
  }

  @Override
  public void deleteCell(CacheKey key) {
    redis().del(new byte[][] {bytes(key.key())});
  }

  @Override
  public List<String> records(int partition) {
    return List.of(PREFIX + ":meta:" + partition);
  }

  @Override
  public String recordOf(CacheKey key) {
    return records(KeySlot.partitionOf(key.key(), PARTITIONS)).get(0);
  }

  @Override
  public Optional<byte[]> meta(String record) {
    return Optional.ofNullable(redis().get(bytes(record)));
  }

  @Override
  public void putMeta(String record, byte[] bytes) {
    redis().set(bytes(record), bytes);
  }

  @Override
  public void deleteMeta(String record) {
    redis().del(new byte[][] {bytes(record)});
  }

  @Override
  public void close() {
    stores.forEach(RedisStore::close);
    client.shutdown();
    sandbox.close();
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
