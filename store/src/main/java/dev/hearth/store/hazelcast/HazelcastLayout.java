package dev.hearth.store.hazelcast;

import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.map.IMap;
import com.hazelcast.partition.PartitionService;
import dev.hearth.schemas.key.KeySlot;
import dev.hearth.store.CacheKey;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Where things stand in a Hazelcast cluster: entries in one map per cache under the application's
 * own keys, meta records in one map beside them. There is a record for each pair of a Hazelcast
 * partition and a partition of the invalidations, and it stands in that Hazelcast partition, so
 * that it is lost, or goes back, together with the entries that it speaks for.
 *
 * <p>Hazelcast places a key by the hash of its serialized form, the same for every client. The key
 * of the record for a pair is therefore searched: of {@code meta:INVALIDATIONS:0}, {@code
 * meta:INVALIDATIONS:1}, ... the first that falls into the Hazelcast partition. One walk finds them
 * all; for 271 partitions it takes some 1,700 steps (the coupon collector's 271 · H(271)).
 * Thread-safe.
 */
final class HazelcastLayout {
  private final String prefix;
  private final int invalidations;
  private final HazelcastInstance hazelcast;
  private final PartitionService placement;
  private final int hazelcastPartitions;
  private final Map<Integer, String[]> metaKeys = new ConcurrentHashMap<>();

  HazelcastLayout(String prefix, int invalidations, HazelcastInstance hazelcast) {
    this.prefix = prefix;
    this.invalidations = invalidations;
    this.hazelcast = hazelcast;
    this.placement = hazelcast.getPartitionService();
    this.hazelcastPartitions = placement.getPartitions().size();
  }

  static String cacheMap(String prefix, String cache) {
    return prefix + ".cache." + cache;
  }

  static String metaMap(String prefix) {
    return prefix + ".meta";
  }

  /** May block on the cluster when it is called for the first time. */
  IMap<String, Object> cells(String cache) {
    return hazelcast.getMap(cacheMap(prefix, cache));
  }

  /** May block on the cluster when it is called for the first time. */
  IMap<String, byte[]> metas() {
    return hazelcast.getMap(metaMap(prefix));
  }

  int hazelcastPartitions() {
    return hazelcastPartitions;
  }

  int hazelcastPartitionOf(String key) {
    return placement.getPartition(key).getPartitionId();
  }

  /** The key of the record that speaks for a key. */
  String metaKey(CacheKey key) {
    return metaKey(KeySlot.partitionOf(key.key(), invalidations), hazelcastPartitionOf(key.key()));
  }

  String metaKey(int partition, int hazelcastPartition) {
    return metaKeys.computeIfAbsent(partition, this::search)[hazelcastPartition];
  }

  private String[] search(int partition) {
    @Nullable String[] found = new @Nullable String[hazelcastPartitions];
    int missing = hazelcastPartitions;
    for (int n = 0; missing > 0; n++) {
      String candidate = "meta:" + partition + ":" + n;
      int home = hazelcastPartitionOf(candidate);
      if (found[home] == null) {
        found[home] = candidate;
        missing--;
      }
    }
    String[] keys = new String[hazelcastPartitions];
    for (int home = 0; home < hazelcastPartitions; home++) {
      keys[home] = String.valueOf(found[home]);
    }
    return keys;
  }
}
