package dev.hearth.warmer;

import dev.hearth.schemas.key.KeySlot;
import dev.hearth.schemas.position.Position;
import dev.hearth.schemas.position.Watermark;
import dev.hearth.store.CacheKey;
import dev.hearth.store.DeliveryTarget;
import dev.hearth.store.FencedStore;
import dev.hearth.store.Round;
import dev.hearth.store.redis.RedisStore;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** A Redis with the delivery's hand on it: a test invalidates as the invalidator would. */
public final class RedisFixture implements AutoCloseable {
  private static final int PARTITIONS = 4;
  private static final long FRESH = 1L << 50;

  private final RedisStore redis;
  private final FencedStore store;
  private final DeliveryTarget delivery;
  private long lsn = 100;

  public RedisFixture(String prefix) {
    redis =
        new RedisStore(
            "redis",
            RealServers.get().redis().uri(),
            prefix,
            PARTITIONS,
            RedisStore.Options.defaults());
    store = redis.connect();
    delivery = redis.connectForDelivery();
    reborn();
  }

  /** Begins anew, as a delivery does that finds nothing of its own in the store. */
  public void reborn() {
    for (int partition = 0; partition < PARTITIONS; partition++) {
      delivery.open(partition);
      apply(partition, Set.of());
    }
  }

  public FencedStore store() {
    return store;
  }

  /** Applies the invalidation of a key, and advances the positions past it. */
  public void invalidate(String cache, String key) {
    apply(KeySlot.partitionOf(key, PARTITIONS), Set.of(new CacheKey(cache, key)));
  }

  private void apply(int partition, Set<CacheKey> keys) {
    lsn++;
    // A is above whatever the primary stands at: to a run this stream is fresh.
    Watermark mark = new Watermark(new Position(1, FRESH + lsn), lsn, Instant.EPOCH);
    delivery.apply(
        List.of(
            new Round(
                partition,
                keys.isEmpty() ? Position.NONE : new Position(1, lsn),
                keys,
                Map.of(),
                Optional.of(mark),
                "topic",
                lsn)));
  }

  @Override
  public void close() {
    delivery.close();
    store.close();
    redis.close();
  }
}
