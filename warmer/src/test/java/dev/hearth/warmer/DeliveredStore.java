package dev.hearth.warmer;

import dev.hearth.schemas.key.KeySlot;
import dev.hearth.schemas.position.Position;
import dev.hearth.schemas.position.Watermark;
import dev.hearth.store.CacheKey;
import dev.hearth.store.DeliveryTarget;
import dev.hearth.store.FencedStore;
import dev.hearth.store.Round;
import dev.hearth.store.hazelcast.HazelcastStore;
import dev.hearth.store.redis.RedisStore;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** A real store with the delivery's hand on it, whatever its kind. */
public final class DeliveredStore implements AutoCloseable {
  public static final int PARTITIONS = 4;

  private final FencedStore store;
  private final DeliveryTarget delivery;
  private final Runnable closing;
  private long lsn = 100;
  private long offset;

  private DeliveredStore(FencedStore store, DeliveryTarget delivery, Runnable closing) {
    this.store = store;
    this.delivery = delivery;
    this.closing = closing;
    for (int partition = 0; partition < PARTITIONS; partition++) {
      delivery.open(partition);
    }
    appliedUpTo(lsn);
  }

  public static DeliveredStore redis(String uri, String prefix, Duration leaseTime) {
    RedisStore.Options usual = RedisStore.Options.defaults();
    RedisStore redis =
        new RedisStore(
            "redis",
            uri,
            prefix,
            PARTITIONS,
            new RedisStore.Options(
                leaseTime,
                usual.timeout(),
                Duration.ZERO,
                usual.tokens(),
                usual.incarnations(),
                usual.foreign()));
    return new DeliveredStore(redis.connect(), redis.connectForDelivery(), redis::close);
  }

  public static DeliveredStore hazelcast(
      String address, String clusterName, String prefix, Duration leaseTime) {
    HazelcastStore.Options usual = HazelcastStore.Options.defaults();
    HazelcastStore hazelcast =
        new HazelcastStore(
            "hazelcast",
            List.of(address),
            clusterName,
            prefix,
            PARTITIONS,
            new HazelcastStore.Options(
                leaseTime,
                usual.timeout(),
                Duration.ZERO,
                usual.threads(),
                usual.tokens(),
                usual.incarnations(),
                usual.nanoTime(),
                usual.foreign()));
    return new DeliveredStore(
        hazelcast.connect(), hazelcast.connectForDelivery(), hazelcast::close);
  }

  public FencedStore store() {
    return store;
  }

  /** Applies the invalidation of a key, and advances the positions of its partition past it. */
  public void invalidate(String cache, String key) {
    lsn++;
    apply(KeySlot.partitionOf(key, PARTITIONS), Set.of(new CacheKey(cache, key)), lsn, lsn);
  }

  /** Advances A of all partitions, as the watermarks of a quiet stream do; B stays. */
  public void appliedUpTo(long position) {
    for (int partition = 0; partition < PARTITIONS; partition++) {
      apply(partition, Set.of(), position, lsn);
    }
  }

  /** As {@link #appliedUpTo}, of one partition. */
  public void appliedUpTo(int partition, long position) {
    apply(partition, Set.of(), position, lsn);
  }

  private void apply(int partition, Set<CacheKey> keys, long position, long ceiling) {
    offset++;
    delivery.apply(
        List.of(
            new Round(
                partition,
                keys.isEmpty() ? Position.NONE : new Position(1, ceiling),
                keys,
                Map.of(),
                Optional.of(new Watermark(new Position(1, position), ceiling, Instant.EPOCH)),
                "topic",
                offset)));
  }

  @Override
  public void close() {
    delivery.close();
    store.close();
    closing.run();
  }
}
