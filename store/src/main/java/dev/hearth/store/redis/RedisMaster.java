package dev.hearth.store.redis;

import dev.hearth.store.DeliveryTarget;
import dev.hearth.store.FencedStore;
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
import java.time.Duration;
import java.util.List;
import java.util.stream.Collectors;

/** One server that takes writes: named, or known by sentinels. */
final class RedisMaster implements RedisTopology {
  private final String name;
  private final RedisURI server;
  private final ClientResources resources;
  private final RedisClient readers;
  private final RedisClient deliveries;
  private final RedisLayout.OneServer layout;
  private final RedisStore.Options options;

  RedisMaster(
      String name,
      RedisURI server,
      ClientResources resources,
      RedisLayout.OneServer layout,
      RedisStore.Options options) {
    this.name = name;
    this.server = server;
    this.resources = resources;
    this.layout = layout;
    this.options = options;
    this.readers = client(true);
    this.deliveries = client(false);
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

  @Override
  public FencedStore connect() {
    StatefulRedisConnection<byte[], byte[]> connection = connect(readers);
    return new RedisFencedStore(
        name,
        connection,
        connection.async(),
        connection.sync(),
        () -> connection.async().info().thenApply(info -> List.of(RedisRoom.of(address(), info))),
        layout,
        options);
  }

  @Override
  public DeliveryTarget connectForDelivery() {
    return new RedisDeliveryTarget(name, () -> connect(deliveries), layout, options);
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
      requireMaster(connection.sync().info());
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

  private void requireMaster(String info) {
    if (info.contains("redis_mode:cluster")) {
      throw new StoreUnavailableException(
          "store "
              + name
              + ": Redis at "
              + address()
              + " is a node of a Redis Cluster; expected one server by itself. Name several nodes:"
              + " uri: [ redis://HOST1:6379, redis://HOST2:6379 ]");
    }
    if (!info.contains("role:master")) {
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
    readers.shutdown(Duration.ZERO, RedisStore.CLOSE_BOUND);
    deliveries.shutdown(Duration.ZERO, RedisStore.CLOSE_BOUND);
  }
}
