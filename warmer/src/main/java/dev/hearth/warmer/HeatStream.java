package dev.hearth.warmer;

import dev.hearth.chassis.health.Readiness;
import dev.hearth.chassis.metrics.Metrics;
import dev.hearth.schemas.key.KeyTemplate;
import dev.hearth.schemas.topic.Topics;
import dev.hearth.warmer.heat.HeatTopology;
import java.time.Duration;
import java.util.Collection;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.kafka.streams.CloseOptions;
import org.apache.kafka.streams.CloseOptions.GroupMembershipOperation;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What counts heat, as it runs. Thread-safe. */
final class HeatStream implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(HeatStream.class);
  private static final Duration LONGEST_CLOSE = Duration.ofSeconds(10);

  private final KafkaStreams streams;

  /** Made of the settings; reads nothing before {@link #start}. */
  HeatStream(WarmerSettings settings, Collection<WarmerSettings.Cache> caches, Metrics metrics) {
    this.streams =
        new KafkaStreams(
            HeatTopology.build(
                settings.topics(),
                caches.stream()
                    .collect(
                        Collectors.<WarmerSettings.Cache, String, KeyTemplate>toUnmodifiableMap(
                            WarmerSettings.Cache::name, WarmerSettings.Cache::key)),
                settings.heat(),
                metrics),
            HeatTopology.configuration(
                settings.kafka(), group(settings.topics()), settings.stateDirectory()));
    streams.setUncaughtExceptionHandler(
        failure -> {
          log.error("heat failed, its thread is replaced", failure);
          return StreamThreadExceptionResponse.REPLACE_THREAD;
        });
  }

  /** Its consumer group, which is its name on the broker. */
  static String group(Topics topics) {
    return topics.prefix() + "-heat";
  }

  /** Topics that it keeps for itself. */
  static Set<String> ownTopics(Topics topics) {
    return HeatTopology.ownTopics(group(topics));
  }

  /** Begins; returns at once. */
  void start() {
    streams.start();
  }

  Readiness readiness() {
    KafkaStreams.State state = streams.state();
    return state.isRunningOrRebalancing()
        ? Readiness.ready("heat is " + state)
        : Readiness.notReady("heat is " + state + "; is Kafka there, and do its topics exist?");
  }

  /** Leaves the group, or the next start would wait for this member's session to end. */
  @Override
  public void close() {
    CloseOptions leave =
        CloseOptions.groupMembershipOperation(GroupMembershipOperation.LEAVE_GROUP)
            .withTimeout(LONGEST_CLOSE);
    if (!streams.close(leave)) {
      log.warn("heat did not end in time boundMillis={}", LONGEST_CLOSE.toMillis());
    }
  }
}
