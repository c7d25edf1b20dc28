package dev.hearth.client.access;

import dev.hearth.schemas.access.AccessReport;
import dev.hearth.schemas.access.AccessReport.KeyCount;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;

/**
 * The counts of one interval. Two maps, one in the other, so that a known key is found and counted
 * without allocating a pair of cache and key. Thread-safe.
 */
final class AccessTable {
  private static final int LEAST_CAPACITY = 64;

  private final Instant from;
  private final int maxKeys;
  private final int expectedKeysPerCache;
  private final Map<String, Map<String, Counts>> caches = new ConcurrentHashMap<>();
  private final AtomicInteger keys = new AtomicInteger();
  private final LongAdder dropped = new LongAdder();

  private static final class Counts {
    final LongAdder reads = new LongAdder();
    final LongAdder misses = new LongAdder();
    final LongAdder loadNanos = new LongAdder();
    final LongAdder loads = new LongAdder();

    /** Last one wins, in no promised order between threads. */
    private volatile int bytes;

    /** Reads last: a thread that counts late must not leave a miss here that is no read. */
    KeyCount toCount(String cache, String key) {
      long loaded = loads.sum();
      long missed = misses.sum();
      Duration loadTime = Duration.ofNanos(loadNanos.sum());
      return new KeyCount(cache, key, reads.sum(), missed, loadTime, loaded, bytes);
    }

    /** Writes only what is new: threads that read the same key would fight for the line. */
    void sized(int now) {
      if (now != 0 && now != bytes) {
        bytes = now;
      }
    }
  }

  /**
   * An empty table.
   *
   * @param maxKeys distinct keys of all caches together, at least 1
   * @param expectedKeysPerCache to begin with, so that a busy table need not grow every time
   */
  AccessTable(Instant from, int maxKeys, int expectedKeysPerCache) {
    this.from = from;
    this.maxKeys = maxKeys;
    this.expectedKeysPerCache = Math.max(LEAST_CAPACITY, expectedKeysPerCache);
  }

  void hit(String cache, String key, int bytes) {
    Counts counts = find(cache, key);
    if (counts == null) {
      dropped.increment();
      return;
    }
    counts.reads.increment();
    counts.sized(bytes);
  }

  void miss(String cache, String key, long loadNanos, int bytes) {
    Counts counts = find(cache, key);
    if (counts == null) {
      dropped.increment();
      return;
    }
    counts.reads.increment();
    counts.misses.increment();
    if (loadNanos > 0) {
      counts.loadNanos.add(loadNanos);
      counts.loads.increment();
    }
    counts.sized(bytes);
  }

  private @org.jspecify.annotations.Nullable Counts find(String cache, String key) {
    Map<String, Counts> ofCache = caches.get(cache);
    if (ofCache == null) {
      ofCache =
          caches.computeIfAbsent(cache, name -> new ConcurrentHashMap<>(expectedKeysPerCache));
    }
    Counts known = ofCache.get(key);
    return known == null ? admit(ofCache, key) : known;
  }

  /**
   * Keys come in as they are first read, so that a full table has room for most of the hot ones.
   */
  private @org.jspecify.annotations.Nullable Counts admit(Map<String, Counts> ofCache, String key) {
    if (keys.get() >= maxKeys) {
      return null;
    }
    if (keys.incrementAndGet() > maxKeys) {
      keys.decrementAndGet();
      return null;
    }
    Counts mine = new Counts();
    Counts other = ofCache.putIfAbsent(key, mine);
    if (other == null) {
      return mine;
    }
    keys.decrementAndGet();
    return other;
  }

  boolean isEmpty() {
    return keys.get() == 0 && dropped.sum() == 0;
  }

  /** Of the cache that has most. */
  int largestCache() {
    return caches.values().stream().mapToInt(Map::size).max().orElse(0);
  }

  AccessReport report(String client, Instant to) {
    List<KeyCount> counts = new ArrayList<>(keys.get());
    caches.forEach(
        (cache, ofCache) -> ofCache.forEach((key, c) -> counts.add(c.toCount(cache, key))));
    return new AccessReport(client, from, to, counts, dropped.sum());
  }
}
