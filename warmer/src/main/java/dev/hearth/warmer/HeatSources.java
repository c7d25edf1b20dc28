package dev.hearth.warmer;

import dev.hearth.chassis.Component;
import dev.hearth.chassis.config.HearthConfig;
import dev.hearth.chassis.health.Health;
import dev.hearth.chassis.health.Heartbeat;
import dev.hearth.schemas.key.KeyTemplate;
import dev.hearth.schemas.topic.Topics;
import dev.hearth.warmer.sample.HeatSampling;
import dev.hearth.warmer.sample.ReportPublisher;
import dev.hearth.warmer.sample.SampledCache;
import dev.hearth.warmer.sample.StoreSampling;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Heat where clients cannot report: stores that hold caches with {@code heatSamples} are asked for
 * their own statistics, and what they say goes to the topic of the accesses like any client's
 * reports. Does nothing where no cache has them. What is asked of it is for any thread.
 */
public final class HeatSources implements Component, AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(HeatSources.class);
  private static final Duration INTERVAL = Duration.ofSeconds(1);
  private static final Duration LONGEST_STEP = Duration.ofMinutes(2);

  private final HearthConfig config;
  private final Topics topics;
  private final Map<String, Object> kafka;
  private final Health health;
  private final Clock clock;
  private final StoreSampling sampling;
  private final Deque<AutoCloseable> opened = new ArrayDeque<>();

  /**
   * Opens nothing yet.
   *
   * @param kafka bootstrap servers, security and what else the user set for all clients
   */
  public HeatSources(
      HearthConfig config, Topics topics, Map<String, Object> kafka, Health health, Clock clock) {
    this.config = config;
    this.topics = topics;
    this.kafka = Map.copyOf(kafka);
    this.health = health;
    this.clock = clock;
    this.sampling = new StoreSampling(topics.prefix(), sampled(config), INTERVAL);
  }

  private static List<SampledCache> sampled(HearthConfig config) {
    List<SampledCache> sampled = new ArrayList<>();
    config
        .caches()
        .forEach(
            (name, cache) -> {
              double perSecond = cache.heatSamples().perSecond();
              if (perSecond > 0 && cache.mode() != HearthConfig.Mode.TAG) {
                sampled.add(
                    new SampledCache(
                        name, KeyTemplate.parse(cache.key()), cache.stores(), perSecond));
              }
            });
    return sampled;
  }

  @Override
  public String name() {
    return "heat-sources";
  }

  @Override
  public void start() {
    if (sampling.caches().isEmpty()) {
      return;
    }
    ReportPublisher reports = new ReportPublisher(topics.accesses(), kafka);
    opened.push(reports);
    config
        .stores()
        .forEach(
            (name, store) -> {
              if (sampling.isOf(name)) {
                sample(name, store, reports);
              }
            });
  }

  private void sample(String name, HearthConfig.Store store, ReportPublisher reports) {
    if (store instanceof HearthConfig.Redis redis && StoreSampling.isCluster(redis.uris())) {
      log.warn(
          "heat is not sampled store={}: the counters of a Redis Cluster are not sampled; have the"
              + " clients report (docs/heat.md)",
          name);
      return;
    }
    Heartbeat heartbeat = health.heartbeat("heat-sampling-" + name, LONGEST_STEP);
    opened.push(heartbeat);
    HeatSampling each =
        store instanceof HearthConfig.Redis redis
            ? sampling.redis(name, redis.uris(), reports, clock, heartbeat::beat)
            : hazelcast(name, (HearthConfig.Hazelcast) store, reports, heartbeat);
    opened.push(each);
    each.start();
    log.info("heat is sampled store={}", name);
  }

  private HeatSampling hazelcast(
      String name, HearthConfig.Hazelcast cluster, ReportPublisher reports, Heartbeat heartbeat) {
    return sampling.hazelcast(
        name, cluster.members(), cluster.clusterName(), reports, clock, heartbeat::beat);
  }

  @Override
  public void close() {
    while (!opened.isEmpty()) {
      try {
        opened.pop().close();
      } catch (Exception e) {
        log.warn("part of the heat sources did not close", e);
      }
    }
  }
}
