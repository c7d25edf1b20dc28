package dev.hearth.warmer.sample;

import dev.hearth.schemas.access.AccessReport;
import dev.hearth.store.redis.RedisStore;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;

/**
 * How the stores of a configuration are sampled. Immutable.
 *
 * @param prefix of the installation
 * @param caches whose heat is sampled, wherever they are
 * @param interval of the steps
 */
public record StoreSampling(String prefix, List<SampledCache> caches, Duration interval) {
  public StoreSampling {
    caches = List.copyOf(caches);
  }

  /** Whether a store holds a cache whose heat is sampled. */
  public boolean isOf(String store) {
    return perSecond(store) > 0;
  }

  /**
   * Whether URIs name a Redis Cluster. The counters of one are not sampled: each node would have to
   * be walked over by itself, and followed when slots move.
   */
  public static boolean isCluster(List<String> uris) {
    return RedisStore.servers(uris).size() > 1;
  }

  /**
   * Sampling of a Redis server or of the master that sentinels know, not begun.
   *
   * @param heartbeat called at every step
   */
  public HeatSampling redis(
      String store,
      List<String> uris,
      Consumer<AccessReport> sink,
      Clock clock,
      Runnable heartbeat) {
    return sampling(
        store,
        new RedisSampler(store, RedisStore.servers(uris).get(0), cachesIn(store)),
        sink,
        clock,
        heartbeat);
  }

  /**
   * Sampling of a Hazelcast cluster, not begun.
   *
   * @param heartbeat called at every step
   */
  public HeatSampling hazelcast(
      String store,
      List<String> members,
      String clusterName,
      Consumer<AccessReport> sink,
      Clock clock,
      Runnable heartbeat) {
    return sampling(
        store,
        new HazelcastSampler(store, members, clusterName, prefix, cachesIn(store)),
        sink,
        clock,
        heartbeat);
  }

  private HeatSampling sampling(
      String store,
      KeySampler sampler,
      Consumer<AccessReport> sink,
      Clock clock,
      Runnable heartbeat) {
    return new HeatSampling(store, sampler, perSecond(store), interval, sink, clock, heartbeat);
  }

  private List<SampledCache> cachesIn(String store) {
    return caches.stream().filter(cache -> cache.stores().contains(store)).toList();
  }

  private double perSecond(String store) {
    return cachesIn(store).stream().mapToDouble(SampledCache::perSecond).sum();
  }
}
