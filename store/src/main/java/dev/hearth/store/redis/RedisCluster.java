package dev.hearth.store.redis;

import dev.hearth.store.DeliveryTarget;
import dev.hearth.store.FencedStore;
import dev.hearth.store.StoreRoom;
import dev.hearth.store.StoreUnavailableException;
import io.lettuce.core.ClientOptions;
import io.lettuce.core.RedisException;
import io.lettuce.core.RedisURI;
import io.lettuce.core.SocketOptions;
import io.lettuce.core.TimeoutOptions;
import io.lettuce.core.cluster.ClusterClientOptions;
import io.lettuce.core.cluster.ClusterTopologyRefreshOptions;
import io.lettuce.core.cluster.RedisClusterClient;
import io.lettuce.core.cluster.api.StatefulRedisClusterConnection;
import io.lettuce.core.cluster.models.partitions.RedisClusterNode;
import io.lettuce.core.codec.ByteArrayCodec;
import io.lettuce.core.resource.ClientResources;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A Redis Cluster, found by some of its nodes. */
final class RedisCluster implements RedisTopology {
  private static final Logger log = LoggerFactory.getLogger(RedisCluster.class);
  private static final Duration REFRESH = Duration.ofSeconds(10);
  private static final Duration REFRESH_AT_MOST_EVERY = Duration.ofSeconds(1);

  private final String name;
  private final List<RedisURI> nodes;
  private final RedisClusterClient client;
  private final RedisLayout.Slots layout;
  private final RedisStore.Options options;

  RedisCluster(
      String name,
      List<RedisURI> nodes,
      ClientResources resources,
      RedisLayout.Slots layout,
      RedisStore.Options options) {
    this.name = name;
    this.nodes = nodes;
    this.layout = layout;
    this.options = options;
    this.client = RedisClusterClient.create(resources, nodes);
    client.setOptions(
        ClusterClientOptions.builder()
            .disconnectedBehavior(ClientOptions.DisconnectedBehavior.REJECT_COMMANDS)
            .timeoutOptions(TimeoutOptions.enabled(options.timeout()))
            .socketOptions(SocketOptions.builder().connectTimeout(options.timeout()).build())
            .topologyRefreshOptions(
                ClusterTopologyRefreshOptions.builder()
                    .enablePeriodicRefresh(REFRESH)
                    .enableAllAdaptiveRefreshTriggers()
                    .adaptiveRefreshTriggersTimeout(REFRESH_AT_MOST_EVERY)
                    .build())
            // A node may have joined a moment ago.
            .validateClusterNodeMembership(false)
            .build());
  }

  @Override
  public FencedStore connect() {
    StatefulRedisClusterConnection<byte[], byte[]> connection = connectNow();
    return new RedisFencedStore(
        name,
        connection,
        connection.async(),
        connection.sync(),
        () -> rooms(connection),
        layout,
        options);
  }

  /** Every node that has slots, for each evicts by itself. */
  private static CompletionStage<List<StoreRoom>> rooms(
      StatefulRedisClusterConnection<byte[], byte[]> connection) {
    CompletionStage<List<StoreRoom>> rooms = CompletableFuture.completedStage(List.of());
    for (RedisClusterNode node : connection.getPartitions()) {
      if (node.is(RedisClusterNode.NodeFlag.UPSTREAM) && !node.hasNoSlots()) {
        String host = node.getUri().getHost();
        int port = node.getUri().getPort();
        CompletionStage<StoreRoom> room =
            connection
                .getConnectionAsync(host, port)
                .thenCompose(to -> to.async().info())
                .thenApply(info -> RedisRoom.of(host + ":" + port, info));
        rooms =
            rooms.thenCombine(
                room, (all, one) -> Stream.concat(all.stream(), Stream.of(one)).toList());
      }
    }
    return rooms;
  }

  @Override
  public DeliveryTarget connectForDelivery() {
    return new RedisClusterDeliveryTarget(name, this::connectNow, layout, options);
  }

  private StatefulRedisClusterConnection<byte[], byte[]> connectNow() {
    try {
      client.refreshPartitions();
      StatefulRedisClusterConnection<byte[], byte[]> connection =
          client.connect(ByteArrayCodec.INSTANCE);
      connectToMasters(connection);
      return connection;
    } catch (RedisException e) {
      Throwable cause = e.getCause() == null ? e : e.getCause();
      throw new StoreUnavailableException(
          "store "
              + name
              + ": no Redis Cluster can be reached at "
              + nodes.stream()
                  .map(node -> node.getHost() + ":" + node.getPort())
                  .collect(Collectors.joining(", "))
              + ": "
              + cause.getMessage(),
          e);
    }
  }

  /** Now, because what is asked of a node that is not connected yet is refused. */
  private void connectToMasters(StatefulRedisClusterConnection<byte[], byte[]> connection) {
    for (RedisClusterNode node : connection.getPartitions()) {
      if (node.is(RedisClusterNode.NodeFlag.UPSTREAM) && !node.hasNoSlots()) {
        try {
          connection.getConnection(node.getUri().getHost(), node.getUri().getPort());
        } catch (RedisException e) {
          log.info(
              "Node not connected: store={} node={}:{} reason=\"{}\"",
              name,
              node.getUri().getHost(),
              node.getUri().getPort(),
              e.getMessage());
        }
      }
    }
  }

  @Override
  public void close() {
    client.suspendTopologyRefresh();
    client.shutdown(Duration.ZERO, RedisStore.CLOSE_BOUND);
  }
}
