package dev.hearth.cli;

import dev.hearth.chassis.config.HearthConfig;
import dev.hearth.chassis.metrics.Metric;
import dev.hearth.chassis.metrics.Metrics;
import dev.hearth.schemas.topic.Topics;
import dev.hearth.store.DeliveryTarget;
import dev.hearth.store.FencedStore;
import dev.hearth.store.hazelcast.HazelcastStore;
import dev.hearth.store.redis.RedisStore;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/**
 * The configured stores, each connected when it is first asked for. Not thread-safe at the start.
 */
final class Stores implements AutoCloseable {
  /** A store of either kind. */
  private record Server(Supplier<FencedStore> reading, Supplier<DeliveryTarget> delivering) {}

  private final Metrics metrics;
  private final Map<String, Server> servers = new LinkedHashMap<>();
  private final Map<String, FencedStore> connected = new LinkedHashMap<>();
  private final Deque<Runnable> closing = new ArrayDeque<>();

  Stores(HearthConfig config, Topics topics, Metrics metrics) {
    this.metrics = metrics;
    int partitions = topics.invalidations().partitions();
    config
        .stores()
        .forEach(
            (name, store) -> servers.put(name, server(name, store, topics.prefix(), partitions)));
  }

  private Server server(String name, HearthConfig.Store store, String prefix, int partitions) {
    if (store instanceof HearthConfig.Redis redis) {
      RedisStore server =
          new RedisStore(
              name,
              redis.uris(),
              prefix,
              partitions,
              RedisStore.Options.defaults()
                  .withForeign(
                      key ->
                          metrics.counter(Metric.FOREIGN_VALUES, key.cache(), name).increment()));
      closing.push(server::close);
      return new Server(server::connect, server::connectForDelivery);
    }
    HearthConfig.Hazelcast hazelcast = (HearthConfig.Hazelcast) store;
    HazelcastStore server =
        new HazelcastStore(
            name,
            hazelcast.members(),
            hazelcast.clusterName(),
            prefix,
            partitions,
            HazelcastStore.Options.defaults()
                .withForeign(
                    key -> metrics.counter(Metric.FOREIGN_VALUES, key.cache(), name).increment()));
    closing.push(server::close);
    return new Server(server::connect, server::connectForDelivery);
  }

  /** How the deliveries connect, by store. */
  Map<String, Supplier<DeliveryTarget>> connectors() {
    Map<String, Supplier<DeliveryTarget>> connectors = new LinkedHashMap<>();
    servers.forEach((name, server) -> connectors.put(name, server.delivering()));
    return connectors;
  }

  /** For reading and filling, by store; a store that is away now is connected when it is back. */
  Map<String, FencedStore> readers() {
    servers.forEach(
        (name, server) ->
            connected.computeIfAbsent(name, store -> new ConnectingStore(store, server.reading())));
    return Map.copyOf(connected);
  }

  @Override
  public void close() {
    List<FencedStore> open = new ArrayList<>(connected.values());
    connected.clear();
    open.forEach(FencedStore::close);
    while (!closing.isEmpty()) {
      closing.pop().run();
    }
  }
}
