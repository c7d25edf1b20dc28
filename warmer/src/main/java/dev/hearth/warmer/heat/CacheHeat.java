package dev.hearth.warmer.heat;

import dev.hearth.schemas.access.AccessReport;
import dev.hearth.schemas.access.HotKeys;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.apache.kafka.streams.state.KeyValueStore;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The heat of one cache, in shards by key: a shard is small enough to be one record of the state
 * store, and only those that changed are written. For one thread.
 */
final class CacheHeat {
  private static final Logger log = LoggerFactory.getLogger(CacheHeat.class);

  /** Kafka's default for the largest record is 1 MB (max.message.bytes); this leaves room. */
  static final int LARGEST_SHARD_BYTES = 900_000;

  static final int LARGEST_HOT_KEYS_BYTES = 700_000;

  /** Five doubles and a length that varies, in Avro. */
  private static final int HOT_KEY_OVERHEAD_BYTES = 5 * Double.BYTES + 3;

  private final String cache;
  private final HeatSettings settings;
  private final Duration halfLife;
  private final HeatShard[] shards;
  private final boolean[] unstored;
  private long latestMillis = Long.MIN_VALUE;
  private boolean unpublished;

  CacheHeat(String cache, HeatSettings settings, KeyValueStore<String, byte[]> store) {
    this.cache = cache;
    this.settings = settings;
    this.halfLife = settings.halfLifeOf(cache);
    this.shards = new HeatShard[settings.shards()];
    this.unstored = new boolean[settings.shards()];
    for (int i = 0; i < shards.length; i++) {
      shards[i] = restore(i, store.get(storeKey(i)));
      latestMillis = Math.max(latestMillis, shards[i].latestMillis());
    }
  }

  void addReads(AccessReport.KeyCount count, long atMillis) {
    latestMillis = Math.max(latestMillis, atMillis);
    if (count.reads() == 0) {
      return;
    }
    int shard = shardOf(count.key());
    shards[shard].addReads(count, atMillis);
    changed(shard);
  }

  /** Counts writes, of a key that is hot; of another one, nothing is kept. */
  void addWrites(String key, long writes, long atMillis) {
    int shard = shardOf(key);
    if (shards[shard].addWrites(key, writes, atMillis)) {
      latestMillis = Math.max(latestMillis, atMillis);
      changed(shard);
    }
  }

  private int shardOf(String key) {
    return Math.floorMod(spread(key.hashCode()), shards.length);
  }

  private void changed(int shard) {
    unstored[shard] = true;
    unpublished = true;
  }

  /** Writes what changed since the last time. */
  void store(KeyValueStore<String, byte[]> store) {
    for (int i = 0; i < shards.length; i++) {
      if (unstored[i]) {
        store.put(storeKey(i), shards[i].toBytes(LARGEST_SHARD_BYTES));
        unstored[i] = false;
      }
    }
  }

  boolean changedSincePublished() {
    return unpublished;
  }

  /** The hottest keys as of the latest report; as many as were asked for and fit one record. */
  HotKeys publish() {
    unpublished = false;
    List<DecayedSketch.Heat> all = new ArrayList<>();
    for (HeatShard shard : shards) {
      all.addAll(shard.hottest(settings.top(), latestMillis));
    }
    all.sort(
        Comparator.comparingDouble(DecayedSketch.Heat::reads)
            .reversed()
            .thenComparing(DecayedSketch.Heat::key));
    double perSecond = Math.log(2) / (halfLife.toMillis() / 1000.0);
    List<HotKeys.HotKey> hottest = new ArrayList<>(Math.min(all.size(), settings.top()));
    int bytes = 0;
    for (DecayedSketch.Heat heat : all.subList(0, Math.min(all.size(), settings.top()))) {
      bytes += heat.key().getBytes(StandardCharsets.UTF_8).length + HOT_KEY_OVERHEAD_BYTES;
      if (bytes > LARGEST_HOT_KEYS_BYTES) {
        break;
      }
      hottest.add(hotKey(heat, perSecond));
    }
    return new HotKeys(cache, Instant.ofEpochMilli(latestMillis), halfLife, hottest);
  }

  private HotKeys.HotKey hotKey(DecayedSketch.Heat heat, double perSecond) {
    HeatShard shard = shards[shardOf(heat.key())];
    KeyCosts.Cost cost = shard.cost(heat.key());
    return new HotKeys.HotKey(
        heat.key(),
        heat.reads() * perSecond,
        heat.error() * perSecond,
        cost.meanLoadMicros(),
        cost.meanBytes(),
        shard.writes(heat.key(), latestMillis) * perSecond);
  }

  private HeatShard restore(int shard, byte @org.jspecify.annotations.Nullable [] stored) {
    double halfLifeMillis = halfLife.toMillis();
    if (stored == null) {
      return new HeatShard(settings.slotsPerShard(), halfLifeMillis);
    }
    return HeatShard.fromBytes(stored, settings.slotsPerShard(), halfLifeMillis)
        .orElseGet(
            () -> {
              log.warn(
                  "heat starts cold: stored shard is not readable cache={} shard={} bytes={}",
                  cache,
                  shard,
                  stored.length);
              return new HeatShard(settings.slotsPerShard(), halfLifeMillis);
            });
  }

  /** Names all that the bytes depend on: with other settings, heat starts cold. */
  private String storeKey(int shard) {
    return cache + "#" + shard + "/" + shards.length + "@" + halfLife.toMillis();
  }

  /**
   * The sketch's table hashes by hashCode too: shards must not leave it with one class of hashes.
   */
  private static int spread(int hash) {
    int mixed = hash * 0x9E3779B9;
    return mixed ^ (mixed >>> 16);
  }
}
