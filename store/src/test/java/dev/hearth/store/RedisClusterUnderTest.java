package dev.hearth.store;

import dev.hearth.sandbox.RedisServer;
import dev.hearth.sandbox.Sandbox;
import dev.hearth.schemas.key.KeySlot;
import dev.hearth.store.redis.RedisStore;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisFuture;
import io.lettuce.core.RedisURI;
import io.lettuce.core.api.async.RedisAsyncCommands;
import io.lettuce.core.api.sync.RedisCommands;
import io.lettuce.core.cluster.RedisClusterClient;
import io.lettuce.core.cluster.api.StatefulRedisClusterConnection;
import io.lettuce.core.cluster.api.sync.RedisAdvancedClusterCommands;
import io.lettuce.core.codec.ByteArrayCodec;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** A Redis Cluster of three masters, each with a third of the slots. */
public final class RedisClusterUnderTest implements StoreUnderTest {
  private static final int NODES = 3;
  private static final String[] SETTINGS = {"cluster-enabled yes", "cluster-node-timeout 3000"};

  private final Sandbox sandbox = Sandbox.builder().servers().start();
  private final List<RedisServer> servers = new ArrayList<>();
  private final List<RedisCommands<String, String>> nodes = new ArrayList<>();
  private final RedisClient client = RedisClient.create();
  private final RedisClusterClient clusterClient;
  private final StatefulRedisClusterConnection<byte[], byte[]> connection;
  private final List<RedisStore> stores = new ArrayList<>();
  private final String[] tags = new String[KeySlot.SLOTS];

  public RedisClusterUnderTest() {
    for (int i = 0; i < NODES; i++) {
      RedisServer server = sandbox.startRedis(SETTINGS);
      servers.add(server);
      RedisCommands<String, String> node = client.connect(RedisURI.create(server.uri())).sync();
      nodes.add(node);
      node.clusterSetConfigEpoch(i + 1);
      node.clusterAddSlots(IntStream.range(firstSlotOf(i), firstSlotOf(i + 1)).toArray());
    }
    nodes.get(0).clusterMeet("127.0.0.1", servers.get(1).port());
    nodes.get(0).clusterMeet("127.0.0.1", servers.get(2).port());
    Eventually.until(
        "the cluster is complete",
        () ->
            nodes.stream()
                .allMatch(
                    node ->
                        node.clusterInfo().contains("cluster_state:ok")
                            && node.clusterInfo().contains("cluster_known_nodes:" + NODES)
                            && node.clusterInfo().contains("cluster_slots_ok:16384")));
    clusterClient = RedisClusterClient.create(RedisURI.create(servers.get(0).uri()));
    connection = clusterClient.connect(ByteArrayCodec.INSTANCE);
    for (int tag = 0, found = 0; found < tags.length; tag++) {
      int slot = KeySlot.of(String.valueOf(tag));
      if (tags[slot] == null) {
        tags[slot] = String.valueOf(tag);
        found++;
      }
    }
  }

  private static int firstSlotOf(int node) {
    return node * KeySlot.SLOTS / NODES;
  }

  /** The node that had a key's slot at first. */
  int nodeOf(CacheKey key) {
    return IntStream.range(0, NODES)
        .filter(node -> KeySlot.of(key.key()) < firstSlotOf(node + 1))
        .findFirst()
        .orElseThrow();
  }

  /**
   * Gives a master a replica.
   *
   * @return its commands
   */
  public RedisCommands<String, String> addReplicaOf(int index) {
    RedisServer server = sandbox.startRedis(SETTINGS);
    RedisCommands<String, String> replica = client.connect(RedisURI.create(server.uri())).sync();
    nodes.get(index).clusterMeet("127.0.0.1", server.port());
    String master = nodes.get(index).clusterMyId();
    Eventually.until("the replica knows its master", () -> replica.clusterNodes().contains(master));
    Eventually.until(
        "the replica knows the slots",
        () -> replica.clusterInfo().contains("cluster_slots_assigned:" + KeySlot.SLOTS));
    replica.clusterReplicate(master);
    Eventually.until(
        "the replica is linked",
        () -> replica.info("replication").contains("master_link_status:up"));
    return replica;
  }

  /** Any command, redirected as need be. */
  public RedisAdvancedClusterCommands<byte[], byte[]> redis() {
    return connection.sync();
  }

  /** Any command on one node. */
  public RedisCommands<String, String> node(int index) {
    return nodes.get(index);
  }

  /** Any command on one node, not redirected. */
  public RedisAsyncCommands<byte[], byte[]> bytesOn(int index) {
    return client
        .connect(ByteArrayCodec.INSTANCE, RedisURI.create(servers.get(index).uri()))
        .async();
  }

  /** The nodes, for the configuration. */
  public List<String> uris() {
    return servers.stream().map(RedisServer::uri).toList();
  }

  public RedisServer server(int index) {
    return servers.get(index);
  }

  @Override
  public FencedStore connect(Duration leaseTime, Supplier<LeaseToken> tokens) {
    return store(uris(), leaseTime, Duration.ZERO, tokens, () -> 0).connect();
  }

  @Override
  public DeliveryTarget connectForDelivery(LongSupplier incarnations) {
    return connectForDelivery(incarnations, Duration.ZERO);
  }

  /** A delivery that advances the records that it does not touch once in a while. */
  public DeliveryTarget connectForDelivery(LongSupplier incarnations, Duration advanceEvery) {
    return store(uris(), Duration.ofSeconds(10), advanceEvery, LeaseToken::random, incarnations)
        .connectForDelivery();
  }

  @Override
  public FencedStore connectToNobody() {
    return store(
            List.of("redis://127.0.0.1:1,127.0.0.1:2"),
            Duration.ofSeconds(10),
            Duration.ZERO,
            LeaseToken::random,
            () -> 0)
        .connect();
  }

  private RedisStore store(
      List<String> uris,
      Duration leaseTime,
      Duration advanceEvery,
      Supplier<LeaseToken> tokens,
      LongSupplier incarnations) {
    RedisStore store =
        new RedisStore(
            "cache",
            uris,
            PREFIX,
            PARTITIONS,
            new RedisStore.Options(
                leaseTime, Duration.ofSeconds(4), advanceEvery, tokens, incarnations, key -> {}));
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
    return IntStream.range(0, KeySlot.SLOTS)
        .filter(slot -> slot * PARTITIONS / KeySlot.SLOTS == partition)
        .mapToObj(this::record)
        .toList();
  }

  @Override
  public String recordOf(CacheKey key) {
    return record(KeySlot.of(key.key()));
  }

  private String record(int slot) {
    return PREFIX + ":meta:{" + tags[slot] + "}";
  }

  @Override
  public Optional<byte[]> meta(String record) {
    return Optional.ofNullable(redis().get(bytes(record)));
  }

  @Override
  public Map<String, byte[]> metas(int partition) {
    Map<String, RedisFuture<byte[]>> asked = new LinkedHashMap<>();
    for (String record : records(partition)) {
      asked.put(record, connection.async().get(bytes(record)));
    }
    Map<String, byte[]> found = new TreeMap<>();
    asked.forEach(
        (record, answer) ->
            Optional.ofNullable(answer.toCompletableFuture().join())
                .ifPresent(bytes -> found.put(record, bytes)));
    return found;
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
    Stream.of(client, clusterClient).forEach(one -> one.shutdown());
    sandbox.close();
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
