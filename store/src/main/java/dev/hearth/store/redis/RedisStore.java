package dev.hearth.store.redis;

import dev.hearth.store.CacheKey;
import dev.hearth.store.DeliveryTarget;
import dev.hearth.store.FencedStore;
import dev.hearth.store.LeaseToken;
import dev.hearth.store.StoreUnavailableException;
import io.lettuce.core.RedisURI;
import io.lettuce.core.cluster.RedisClusterURIUtil;
import io.lettuce.core.resource.ClientResources;
import java.net.URI;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * A Redis server, by itself or under sentinels, or a Redis Cluster, as a fenced store: opens
 * connections for readers and for a delivery. Thread-safe. Closing it closes what it opened.
 *
 * <p>Under sentinels every connection is made to the master that they name at that moment.
 */
public final class RedisStore implements AutoCloseable {
  static final Duration CLOSE_BOUND = Duration.ofSeconds(2);

  private final ClientResources resources;
  private final RedisTopology topology;

  /**
   * How a store is used.
   *
   * @param leaseTime how long a filler has, on the store's clock; a slower one fills nothing
   * @param timeout how long a command may take before the store counts as not answering
   * @param advanceEvery how long the positions of a cluster's slot that is not touched may lag
   *     behind those of the others; zero advances all with every round
   * @param tokens source of lease tokens
   * @param incarnations source of random numbers for new incarnations
   * @param foreign told of every value that a reader found under a key of ours and that is none of
   *     ours: a miss, and worth counting. Called on threads of the store's client; must not block
   */
  public record Options(
      Duration leaseTime,
      Duration timeout,
      Duration advanceEvery,
      Supplier<LeaseToken> tokens,
      LongSupplier incarnations,
      Consumer<CacheKey> foreign) {
    public static Options defaults() {
      SecureRandom random = new SecureRandom();
      return new Options(
          Duration.ofSeconds(10),
          Duration.ofSeconds(2),
          Duration.ofSeconds(1),
          LeaseToken::random,
          random::nextLong,
          key -> {});
    }

    /** These options, with somebody who is told of foreign values. */
    public Options withForeign(Consumer<CacheKey> foreign) {
      return new Options(leaseTime, timeout, advanceEvery, tokens, incarnations, foreign);
    }
  }

  /**
   * Names a server, the sentinels that know it, or some nodes of a cluster; nothing is connected
   * yet.
   *
   * @param uris such as {@code redis://cache:6379}, {@code rediss://cache:6380} or {@code
   *     redis-sentinel://s1:26379,s2:26379/0#shop}; several, or several hosts in one, are nodes of
   *     a Redis Cluster
   * @param prefix of the installation, for the keys of its meta records
   * @param partitions of the invalidations
   */
  public RedisStore(
      String name, List<String> uris, String prefix, int partitions, Options options) {
    List<RedisURI> servers = servers(uris);
    for (RedisURI server : servers) {
      server.setTimeout(options.timeout());
      server.getSentinels().forEach(sentinel -> sentinel.setTimeout(options.timeout()));
    }
    this.resources = ClientResources.create();
    this.topology =
        servers.size() == 1
            ? new RedisMaster(
                name,
                servers.get(0),
                resources,
                new RedisLayout.OneServer(prefix, partitions),
                options)
            : new RedisCluster(
                name, servers, resources, new RedisLayout.Slots(prefix, partitions), options);
  }

  /** Names what one URI names. */
  public RedisStore(String name, String uri, String prefix, int partitions, Options options) {
    this(name, List.of(uri), prefix, partitions, options);
  }

  /** What URIs name: one server or one group of sentinels; where there are several, a cluster. */
  public static List<RedisURI> servers(List<String> uris) {
    return uris.stream().flatMap(RedisStore::servers).toList();
  }

  private static Stream<RedisURI> servers(String uri) {
    return uri.contains(",") && !uri.startsWith(RedisURI.URI_SCHEME_REDIS_SENTINEL)
        ? RedisClusterURIUtil.toRedisURIs(URI.create(uri)).stream()
        : Stream.of(RedisURI.create(uri));
  }

  /**
   * Connects for reading and filling.
   *
   * @throws StoreUnavailableException if the servers cannot be reached, or are of another kind than
   *     was named: a replica, a node of a cluster by itself
   */
  public FencedStore connect() {
    return topology.connect();
  }

  /** Connects for a delivery; throws as {@link #connect}. */
  public DeliveryTarget connectForDelivery() {
    return topology.connectForDelivery();
  }

  @Override
  public void close() {
    topology.close();
    resources.shutdown(0, CLOSE_BOUND.toMillis(), TimeUnit.MILLISECONDS).awaitUninterruptibly();
  }
}
