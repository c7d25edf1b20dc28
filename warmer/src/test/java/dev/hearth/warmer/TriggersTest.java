package dev.hearth.warmer;

import static dev.hearth.warmer.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.chassis.metrics.Metric;
import dev.hearth.schemas.invalidation.Applied;
import dev.hearth.schemas.invalidation.Cause;
import dev.hearth.schemas.invalidation.Invalidation;
import dev.hearth.schemas.invalidation.InvalidationRecord;
import dev.hearth.schemas.key.KeySlot;
import dev.hearth.schemas.position.Position;
import dev.hearth.schemas.warmup.WarmupCommand;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs that nobody asked for over {@code /v1/warmups}, against real servers. */
class TriggersTest {
  private static RunningWarmer running;

  @BeforeAll
  static void start(@TempDir Path directory) throws Exception {
    running = RunningWarmer.withTriggers(directory, false);
  }

  @AfterAll
  static void stop() throws Exception {
    running.close();
  }

  @Test
  void aCommandStartsItsPlan() throws Exception {
    running.empty();
    try (KafkaProducer<String, WarmupCommand> producer =
        new KafkaProducer<>(
            Map.copyOf(RealServers.kafka()),
            running.topics.warmupRequests().key().serializer(),
            running.topics.warmupRequests().value().serializer())) {
      WarmupCommand command =
          new WarmupCommand(
              UUID.randomUUID().toString(),
              Optional.of("after-deploy"),
              Optional.empty(),
              1,
              "a test",
              Instant.now());
      producer
          .send(new ProducerRecord<>(running.topics.warmupRequests().name(), command.id(), command))
          .get();
    }

    running.awaitWarm();
    assertThat(running.metrics.counter(Metric.TRIGGERS, "command", "started").count()).isPositive();
  }

  @Test
  void aHotKeyComesBackAfterAChange() throws Exception {
    try (KafkaProducer<String, InvalidationRecord> invalidations =
            new KafkaProducer<>(
                Map.copyOf(RealServers.kafka()),
                running.topics.invalidations().key().serializer(),
                running.topics.invalidations().value().serializer());
        KafkaProducer<String, Applied> deliveries =
            new KafkaProducer<>(
                Map.copyOf(RealServers.kafka()),
                running.topics.applied().key().serializer(),
                running.topics.applied().value().serializer())) {
      String key = running.key(3);
      int partition = KeySlot.partitionOf(key, running.topics.invalidations().partitions());
      // It begins to listen some time after the start: what came before is a miss like any other.
      eventually(
          () -> {
            deliver(invalidations, deliveries, key, partition);
            return running.metrics.counter(Metric.REFRESHES, "product", "stored").count();
          },
          stored -> assertThat(stored).isPositive());
    }
    eventually(() -> running.value(3), value -> assertThat(value).isPresent());
  }

  private static void deliver(
      KafkaProducer<String, InvalidationRecord> invalidations,
      KafkaProducer<String, Applied> deliveries,
      String key,
      int partition) {
    try {
      long offset =
          invalidations
              .send(
                  new ProducerRecord<>(
                      running.topics.invalidations().name(),
                      partition,
                      key,
                      new Invalidation(
                          "product",
                          key,
                          new Position(1, 1),
                          Instant.EPOCH,
                          Instant.EPOCH,
                          Instant.EPOCH,
                          new Cause("public.product", "3", 1, "rules[0]"))))
              .get()
              .offset();
      running.redis.invalidate("product", key);
      deliveries
          .send(
              new ProducerRecord<>(
                  running.topics.applied().name(),
                  "redis",
                  new Applied(
                      "redis",
                      partition,
                      new Position(1, 1),
                      offset,
                      offset,
                      1,
                      Instant.now(),
                      Duration.ZERO)))
          .get();
    } catch (InterruptedException | java.util.concurrent.ExecutionException e) {
      throw new IllegalStateException(e);
    }
  }
}
