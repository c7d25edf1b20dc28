package dev.hearth.store.redis;

import dev.hearth.store.CacheKey;
import dev.hearth.store.DeliveryTarget;
import dev.hearth.store.FencedStore;
import dev.hearth.store.LeaseToken;
import dev.hearth.store.StoreUnavailableException;
import io.lettuce.core.ClientOptions;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisException;
import io.lettuce.core.RedisURI;
import io.lettuce.core.SocketOptions;
import io.lettuce.core.TimeoutOptions;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.codec.ByteArrayCodec;
import io.lettuce.core.resource.ClientResources;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/**
 * A Redis server, by itself or under sentinels, as a fenced store: opens connections for readers
 * and for a delivery. Thread-safe. Closing it closes what it opened.
 *
 * <p>Under sentinels every connection is made to the master that they name at that moment.
 */
public final class RedisStore implements AutoCloseable {
  private static final Duration CLOSE_BOUND = Duration.ofSeconds(2);

  private final String name;
  private final RedisURI server;
  private final ClientResources resources;
  private final RedisClient readers;
  private final RedisClient deliveries;
  private final RedisLayout layout;
  private final Options options;

  /**
   * How a store is used.
   *
   * @param leaseTime how long a filler has, on the store's clock; a slower one fills nothing
   * @param timeout how long a command may take before the store counts as not answering
   * @param tokens source of lease tokens
   * @param incarnations source of random numbers for new incarnations
   * @param foreign told of every value that a reader found under a key of ours and that is none of
   *     ours: a miss, and worth counting. Called on threads of the store's client; must not block
   */
  public record Options(
      Duration leaseTime,
      Duration timeout,
      Supplier<LeaseToken> tokens,
      LongSupplier incarnations,
      Consumer<CacheKey> foreign) {
    public static Options defaults() {
      SecureRandom random = new SecureRandom();
      return new Options(
          Duration.ofSeconds(10),
          Duration.ofSeconds(2),
          LeaseToken::random,
          random::nextLong,
          key -> {});
    }

    /** These options, with somebody who is told of foreign values. */
    public Options withForeign(Consumer<CacheKey> foreign) {
      return new Options(leaseTime, timeout, tokens, incarnations, foreign);
    }
  }

  /**
   * Names a server, or the sentinels that know it; nothing is connected yet.
   *
   * @param uri such as {@code redis://cache:6379}, {@code rediss://cache:6380} or {@code
   *     redis-sentinel://s1:26379,s2:26379/0#shop}
   * @param prefix of the installation, for the keys of its meta records
   * @param partitions of the invalidations
   */
  public RedisStore(String name, String uri, String prefix, int partitions, Options options) {
    this.name = name;
    this.options = options;
    this.server = RedisURI.create(uri);
    server.setTimeout(options.timeout());
    server.getSentinels().forEach(sentinel -> sentinel.setTimeout(options.timeout()));
    this.resources = ClientResources.create();
    this.readers = client(true);
    this.deliveries = client(false);
    this.layout = new RedisLayout(prefix, partitions);
  }

  private RedisClient client(boolean reconnecting) {
    RedisClient client = RedisClient.create(resources, server);
    client.setOptions(
        ClientOptions.builder()
            .autoReconnect(reconnecting)
            // A command that waits for a reconnect would be sent to who knows whom, later.
            .disconnectedBehavior(ClientOptions.DisconnectedBehavior.REJECT_COMMANDS)
            .timeoutOptions(TimeoutOptions.enabled(options.timeout()))
            .socketOptions(SocketOptions.builder().connectTimeout(options.timeout()).build())
            .build());
    return client;
  }

  /**
   * Connects for reading and filling.
   *
   * @throws StoreUnavailableException if the server cannot be reached, or is a replica
   */
  public FencedStore connect() {
    return new RedisFencedStore(name, connect(readers), layout, options);
  }

  /** Connects for a delivery; throws as {@link #connect}. */
  public DeliveryTarget connectForDelivery() {
    return new RedisDeliveryTarget(
        name, () -> connect(deliveries), layout, options.timeout(), options.incarnations());
  }

  /** A connection to a master: sentinels, and names that move, may still lead to a demoted one. */
  private StatefulRedisConnection<byte[], byte[]> connect(RedisClient client) {
    StatefulRedisConnection<byte[], byte[]> connection;
    try {
      connection = client.connect(ByteArrayCodec.INSTANCE);
    } catch (RedisException e) {
      Throwable cause = e.getCause() == null ? e : e.getCause();
      throw new StoreUnavailableException(
          "store "
              + name
              + ": no Redis server can be reached at "
              + address()
              + ": "
              + cause.getMessage(),
          e);
    }
    try {
      requireMaster(connection.sync().info("replication"));
      return connection;
    } catch (RedisException e) {
      connection.closeAsync();
      throw new StoreUnavailableException(
          "store " + name + ": Redis at " + address() + " does not answer: " + e.getMessage(), e);
    } catch (StoreUnavailableException e) {
      connection.closeAsync();
      throw e;
    }
  }

  private void requireMaster(String replication) {
    if (!replication.contains("role:master")) {
      throw new StoreUnavailableException(
          "store "
              + name
              + ": Redis at "
              + address()
              + " is a replica, which takes no leases and no deletes; expected a master. Name the"
              + " master, or the sentinels that know it: redis-sentinel://HOST:26379#MASTER");
    }
  }

  /** Without passwords. */
  private String address() {
    return server.getSentinels().isEmpty()
        ? server.getHost() + ":" + server.getPort()
        : server.getSentinelMasterId()
            + " of the sentinels "
            + server.getSentinels().stream()
                .map(sentinel -> sentinel.getHost() + ":" + sentinel.getPort())
                .collect(Collectors.joining(", "));
  }

  @Override
  public void close() {
    readers.shutdown(Duration.ZERO, CLOSE_BOUND);
    deliveries.shutdown(Duration.ZERO, CLOSE_BOUND);
    resources.shutdown(0, CLOSE_BOUND.toMillis(), TimeUnit.MILLISECONDS).awaitUninterruptibly();
  }
}
