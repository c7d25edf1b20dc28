package dev.hearth.store;

import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.map.IMap;
import dev.hearth.sandbox.Sandbox;
import dev.hearth.sandbox.Server;
import dev.hearth.schemas.key.KeySlot;
import dev.hearth.store.hazelcast.HazelcastStore;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * A Hazelcast member of its own, with few partitions. Where meta records stand is worked out here a
 * second time, from the documented layout.
 */
public final class HazelcastUnderTest implements StoreUnderTest {
  public static final int HAZELCAST_PARTITIONS = 7;

  private final Sandbox sandbox =
      Sandbox.builder()
          .servers(Server.HAZELCAST)
          .hazelcastConfig(
              config ->
                  config.setProperty(
                      "hazelcast.partition.count", Integer.toString(HAZELCAST_PARTITIONS)))
          .start();
  private final HazelcastInstance member = sandbox.hazelcast().member();
  private final boolean embedded;
  private final List<HazelcastStore> stores = new ArrayList<>();

  /** Stores are clients of the member. */
  public HazelcastUnderTest() {
    this(false);
  }

  /**
   * A member with stores.
   *
   * @param embedded whether they use the member itself, as an application does that is one
   */
  public HazelcastUnderTest(boolean embedded) {
    this.embedded = embedded;
  }

  public HazelcastInstance member() {
    return member;
  }

  /** As {@link #connectForDelivery}, with a period and a clock for what lags behind. */
  public DeliveryTarget connectForDelivery(Duration advanceEvery, AtomicLong nanoTime) {
    AtomicLong incarnations = new AtomicLong();
    return store(
            address(),
            Duration.ofSeconds(10),
            LeaseToken::random,
            advanceEvery,
            incarnations::incrementAndGet,
            nanoTime::get)
        .connectForDelivery();
  }

  /** A store that is a client of the cluster. */
  public HazelcastStore client(HazelcastStore.Options options) {
    return client(address(), options);
  }

  private HazelcastStore client(String address, HazelcastStore.Options options) {
    return new HazelcastStore(
        "cache", List.of(address), sandbox.hazelcast().clusterName(), PREFIX, PARTITIONS, options);
  }

  /** A store that uses the member itself. */
  public HazelcastStore embedded(HazelcastStore.Options options) {
    return new HazelcastStore("cache", member, PREFIX, PARTITIONS, options);
  }

  @Override
  public FencedStore connect(Duration leaseTime, Supplier<LeaseToken> tokens) {
    return store(address(), leaseTime, tokens, Duration.ZERO, () -> 0, System::nanoTime).connect();
  }

  @Override
  public DeliveryTarget connectForDelivery(LongSupplier incarnations) {
    return store(
            address(),
            Duration.ofSeconds(10),
            LeaseToken::random,
            Duration.ZERO,
            incarnations,
            System::nanoTime)
        .connectForDelivery();
  }

  @Override
  public FencedStore connectToNobody() {
    return store(
            "127.0.0.1:1",
            Duration.ofSeconds(10),
            LeaseToken::random,
            Duration.ZERO,
            () -> 0,
            System::nanoTime)
        .connect();
  }

  public String address() {
    return sandbox.hazelcast().address();
  }

  private HazelcastStore store(
      String address,
      Duration leaseTime,
      Supplier<LeaseToken> tokens,
      Duration advanceEvery,
      LongSupplier incarnations,
      LongSupplier nanoTime) {
    HazelcastStore.Options options =
        new HazelcastStore.Options(
            leaseTime,
            Duration.ofSeconds(4),
            advanceEvery,
            4,
            tokens,
            incarnations,
            nanoTime,
            key -> {});
    HazelcastStore store =
        embedded && address.equals(address()) ? embedded(options) : client(address, options);
    stores.add(store);
    return store;
  }

  private IMap<String, Object> entries() {
    return member.getMap(PREFIX + ".entries");
  }

  private static String name(CacheKey key) {
    return key.cache() + "/" + key.key();
  }

  @Override
  public void clear() {
    member.getDistributedObjects().stream()
        .filter(IMap.class::isInstance)
        .forEach(map -> ((IMap<?, ?>) map).clear());
  }

  @Override
  public Optional<byte[]> cell(CacheKey key) {
    return Optional.ofNullable((byte[]) entries().get(name(key)));
  }

  @Override
  public void putCell(CacheKey key, byte[] bytes) {
    // For ever: not for the time that is configured for the map.
    entries().set(name(key), bytes, 0, TimeUnit.SECONDS);
  }

  /** What is no bytes at all. */
  public void putForeign(CacheKey key, Object value) {
    entries().set(name(key), value);
  }

  @Override
  public void deleteCell(CacheKey key) {
    entries().delete(name(key));
  }

  public int hazelcastPartitionOf(CacheKey key) {
    return hazelcastPartitionOf(name(key));
  }

  public int hazelcastPartitionOf(String name) {
    return member.getPartitionService().getPartition(name).getPartitionId();
  }

  @Override
  public List<String> records(int partition) {
    String[] found = new String[HAZELCAST_PARTITIONS];
    for (int n = 0; Arrays.asList(found).contains(null); n++) {
      String candidate = "\0meta:" + partition + ":" + n;
      int home = hazelcastPartitionOf(candidate);
      found[home] = found[home] == null ? candidate : found[home];
    }
    return List.of(found);
  }

  @Override
  public String recordOf(CacheKey key) {
    return records(KeySlot.partitionOf(key.key(), PARTITIONS)).get(hazelcastPartitionOf(key));
  }

  @Override
  public Optional<byte[]> meta(String record) {
    return Optional.ofNullable((byte[]) entries().get(record));
  }

  @Override
  public void putMeta(String record, byte[] bytes) {
    entries().set(record, bytes);
  }

  @Override
  public void deleteMeta(String record) {
    entries().delete(record);
  }

  @Override
  public void close() {
    stores.forEach(HazelcastStore::close);
    sandbox.close();
  }
}
