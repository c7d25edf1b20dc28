package dev.hearth.store.redis;

import dev.hearth.schemas.key.KeySlot;
import dev.hearth.store.CacheKey;
import java.nio.charset.StandardCharsets;

/**
 * Where things stand in a Redis server: entries under the application's own keys, and one meta
 * record for each partition of the invalidations under {@code PREFIX:meta:PARTITION}.
 */
record RedisLayout(String prefix, int partitions) {
  byte[] cell(CacheKey key) {
    return key.key().getBytes(StandardCharsets.UTF_8);
  }

  String metaPrefix() {
    return prefix + ":meta:";
  }

  byte[] meta(CacheKey key) {
    return meta(KeySlot.partitionOf(key.key(), partitions));
  }

  byte[] meta(int partition) {
    return (metaPrefix() + partition).getBytes(StandardCharsets.UTF_8);
  }
}
