package dev.hearth.invalidator.delivery;

import dev.hearth.chassis.metrics.LagTimer;
import dev.hearth.chassis.metrics.Metric;
import dev.hearth.chassis.metrics.Metrics;
import dev.hearth.chassis.metrics.Phase;
import dev.hearth.schemas.invalidation.Invalidation;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What a delivery measures. Written by the delivery's thread; {@link #ageSeconds} is for any
 * thread.
 */
final class DeliveryMeasures {
  /** Of a partition of which nothing is applied yet. */
  private static final Instant UNKNOWN = Instant.EPOCH;

  private final String store;
  private final Metrics metrics;
  private final LagTimer deriveToApply;
  private final LagTimer commitToApply;
  private final Map<Integer, Instant> gateTimes = new ConcurrentHashMap<>();

  DeliveryMeasures(String store, Metrics metrics) {
    this.store = store;
    this.metrics = metrics;
    this.deriveToApply = metrics.lagTimer(Phase.DERIVE_TO_APPLY);
    this.commitToApply = metrics.lagTimer(Phase.COMMIT_TO_APPLY);
  }

  void assigned(Collection<Integer> partitions) {
    partitions.forEach(partition -> gateTimes.put(partition, UNKNOWN));
  }

  void revoked(Collection<Integer> partitions) {
    gateTimes.keySet().removeAll(partitions);
  }

  /** Those that are assigned; for any thread. */
  Set<Integer> partitions() {
    return Set.copyOf(gateTimes.keySet());
  }

  /** The store turned out to be older in these partitions than what was noted of it. */
  void wentBack(Collection<Integer> partitions) {
    metrics.counter(Metric.DELIVERY_REPLAYS, store).increment(partitions.size());
    partitions.forEach(partition -> gateTimes.replace(partition, UNKNOWN));
  }

  void applied(RoundBuilder round, Instant appliedAt) {
    round
        .observed()
        .forEach(
            (cache, count) ->
                metrics.counter(Metric.INVALIDATIONS, cache, store, "observed").increment(count));
    for (Invalidation invalidation : round.invalidations().values()) {
      metrics.counter(Metric.INVALIDATIONS, invalidation.cache(), store, "applied").increment();
      deriveToApply.record(Duration.between(invalidation.derivedAt(), appliedAt));
      commitToApply.record(Duration.between(invalidation.committedAt(), appliedAt));
    }
    round
        .watermark()
        .ifPresent(watermark -> gateTimes.replace(round.partition(), watermark.gateTime()));
  }

  /**
   * How old the oldest of the watermarks is that are applied, one for each partition; not a number
   * where a partition has none, or there is no partition.
   */
  double ageSeconds(Instant now) {
    double oldest = gateTimes.isEmpty() ? Double.NaN : 0;
    for (Instant gateTime : gateTimes.values()) {
      oldest =
          gateTime.equals(UNKNOWN)
              ? Double.NaN
              : Math.max(oldest, Duration.between(gateTime, now).toMillis() / 1000.0);
    }
    return oldest;
  }
}
