package dev.hearth.store.hazelcast;

import com.hazelcast.cluster.Member;
import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.map.IMap;
import com.hazelcast.partition.PartitionService;
import dev.hearth.schemas.key.KeySlot;
import dev.hearth.store.CacheKey;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Where things stand in a Hazelcast cluster: cells of all caches and their meta records in one map,
 * {@code PREFIX.entries}. A cell stands under {@code CACHE/KEY}. There is a record for each pair of
 * a Hazelcast partition and a partition of the invalidations, and it stands in that Hazelcast
 * partition, so that it is lost, or goes back, together with the entries that it speaks for, and
 * one operation reads both.
 *
 * <p>Hazelcast places a key by the hash of its serialized form, the same for every client. The key
 * of the record for a pair is therefore searched: of {@code \0meta:INVALIDATIONS:0}, {@code
 * \0meta:INVALIDATIONS:1}, ... the first that falls into the Hazelcast partition. The character 0
 * in front is in no cache's name. One walk finds them all; for 271 partitions it takes some 1,700
 * steps (the coupon collector's 271 · H(271)). Thread-safe.
 */
final class HazelcastLayout {
  /** No cell of ours; says only that something stands here. */
  static final byte[] TOMBSTONE = {0};

  private static final UUID NOBODY = new UUID(0, 0);
  private static final String RECORD = "\0meta:";

  private final int invalidations;
  private final IMap<String, Object> entries;
  private final HazelcastInstance hazelcast;
  private final PartitionService placement;
  private final int hazelcastPartitions;
  private final Map<Integer, String[]> metaKeys = new ConcurrentHashMap<>();

  /** May block on the cluster. */
  HazelcastLayout(String prefix, int invalidations, HazelcastInstance hazelcast) {
    this.invalidations = invalidations;
    this.entries = hazelcast.getMap(map(prefix));
    this.hazelcast = hazelcast;
    this.placement = hazelcast.getPartitionService();
    this.hazelcastPartitions = placement.getPartitions().size();
  }

  /** Name of the map. */
  static String map(String prefix) {
    return prefix + ".entries";
  }

  /** Cells and records. What is foreign need not be bytes, nor be under a text. */
  IMap<String, Object> entries() {
    return entries;
  }

  HazelcastInstance hazelcast() {
    return hazelcast;
  }

  int hazelcastPartitions() {
    return hazelcastPartitions;
  }

  /** Ids of the members, as this one or its client knows them. */
  Set<String> members() {
    return hazelcast.getCluster().getMembers().stream()
        .map(member -> member.getUuid().toString())
        .collect(Collectors.toSet());
  }

  /** Where a key's cell stands. */
  int hazelcastPartitionOf(CacheKey key) {
    return hazelcastPartitionOf(cellKey(key));
  }

  /** The member that answers for a key; one that is no member's id where nobody does now. */
  UUID ownerOf(CacheKey key) {
    Member owner = placement.getPartition(cellKey(key)).getOwner();
    return owner == null ? NOBODY : owner.getUuid();
  }

  private int hazelcastPartitionOf(String name) {
    return placement.getPartition(name).getPartitionId();
  }

  /** The name that a key's cell stands under. */
  static String cellKey(CacheKey key) {
    return cellKeys(key.cache()) + key.key();
  }

  /** What the names of a cache's cells begin with. */
  static String cellKeys(String cache) {
    return cache + "/";
  }

  /** The name of the record that speaks for a key. */
  String metaKey(CacheKey key) {
    return metaKey(KeySlot.partitionOf(key.key(), invalidations), hazelcastPartitionOf(key));
  }

  String metaKey(int partition, int hazelcastPartition) {
    return metaKeys.computeIfAbsent(partition, this::search)[hazelcastPartition];
  }

  private String[] search(int partition) {
    @Nullable String[] found = new @Nullable String[hazelcastPartitions];
    int missing = hazelcastPartitions;
    for (int n = 0; missing > 0; n++) {
      String candidate = RECORD + partition + ":" + n;
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
