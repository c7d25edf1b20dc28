package dev.hearth.ingest;

import dev.hearth.chassis.config.HearthConfig;
import dev.hearth.chassis.health.Health;
import dev.hearth.chassis.kafka.KafkaTopics;
import dev.hearth.chassis.metrics.Metrics;
import dev.hearth.schemas.topic.Topics;
import java.time.Clock;

/** Ingest with the visibility gate switched on or off; the switch exists for tests only. */
public final class Gates {
  private Gates() {}

  public static Ingest ingest(HearthConfig config, boolean gate) {
    return new Ingest(
        config,
        new Topics(config.kafka().topicPrefix()),
        KafkaTopics.clientProperties(
            config.kafka().bootstrapServers(), config.kafka().properties()),
        new Metrics("test"),
        new Health(),
        Clock.systemUTC(),
        new Ingest.Options(gate));
  }
}
