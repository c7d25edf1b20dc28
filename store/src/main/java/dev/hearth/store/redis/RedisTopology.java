package dev.hearth.store.redis;

import dev.hearth.store.DeliveryTarget;
import dev.hearth.store.FencedStore;

/** How the servers of a store hang together, and so how they are connected to. Thread-safe. */
interface RedisTopology extends AutoCloseable {
  /** See {@link RedisStore#connect}. */
  FencedStore connect();

  /** See {@link RedisStore#connectForDelivery}. */
  DeliveryTarget connectForDelivery();

  @Override
  void close();
}
