package dev.hearth.store.redis;

import dev.hearth.store.CacheKey;
import io.lettuce.core.KeyValue;
import io.lettuce.core.cluster.api.async.RedisClusterAsyncCommands;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;

/**
 * Reads of several keys in one round trip: one MGET on one server, one for each slot in a cluster,
 * all sent at once. Thread-safe.
 */
record RedisReads(RedisClusterAsyncCommands<byte[], byte[]> redis, RedisLayout layout) {

  /** Cell and record of one moment; no bytes where there is nothing. */
  record Found(byte[] cell, byte[] meta) {}

  /** What is found for each key, in their order. */
  CompletionStage<List<Found>> read(List<CacheKey> keys) {
    Map<Integer, List<CacheKey>> byHome =
        keys.stream().collect(Collectors.groupingBy(layout::home));
    Map<CacheKey, Found> found = new ConcurrentHashMap<>();
    CompletableFuture<?>[] answers =
        byHome.values().stream()
            .map(together -> readTogether(together, found).toCompletableFuture())
            .toArray(CompletableFuture[]::new);
    return CompletableFuture.allOf(answers)
        .thenApply(
            all -> keys.stream().map(key -> Objects.requireNonNull(found.get(key))).toList());
  }

  private CompletionStage<Void> readTogether(List<CacheKey> keys, Map<CacheKey, Found> found) {
    List<byte[]> names = new ArrayList<>(keys.stream().map(layout::cell).toList());
    Map<ByteBuffer, Integer> metas = new HashMap<>();
    int[] metaOf = new int[keys.size()];
    for (int n = 0; n < metaOf.length; n++) {
      byte[] meta = layout.meta(keys.get(n));
      metaOf[n] =
          metas.computeIfAbsent(
              ByteBuffer.wrap(meta),
              absent -> {
                names.add(meta);
                return names.size() - 1;
              });
    }
    return redis
        .mget(names.toArray(byte[][]::new))
        .thenAccept(
            values -> {
              for (int n = 0; n < metaOf.length; n++) {
                found.put(keys.get(n), new Found(bytes(values, n), bytes(values, metaOf[n])));
              }
            });
  }

  static byte[] bytes(List<KeyValue<byte[], byte[]>> found, int index) {
    return found.get(index).getValueOrElse(new byte[0]);
  }
}
