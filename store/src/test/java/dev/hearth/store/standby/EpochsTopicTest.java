package dev.hearth.store.standby;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.sandbox.Sandbox;
import dev.hearth.sandbox.Server;
import dev.hearth.schemas.position.EpochRaised;
import dev.hearth.schemas.position.GenerationRaised;
import dev.hearth.schemas.position.History;
import dev.hearth.schemas.position.Position;
import dev.hearth.schemas.position.SourceIdentity;
import dev.hearth.schemas.position.StreamMark;
import dev.hearth.schemas.topic.Topic;
import dev.hearth.schemas.topic.Topics;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.Test;

/** Against a real Kafka. */
class EpochsTopicTest {
  private static final Duration BOUND = Duration.ofSeconds(60);

  @Test
  void tellsWhichHistoryAnEpochIsBoundToUnlessItWasToldOfTwo() throws Exception {
    try (Sandbox sandbox = Sandbox.builder().servers(Server.KAFKA).start()) {
      Map<String, Object> kafka =
          Map.of("bootstrap.servers", sandbox.kafka().bootstrapServers(), "acks", "all");
      Topic<String, StreamMark> topic = new Topics("epochs-test").epochs();
      try (Admin admin = Admin.create(kafka)) {
        admin.createTopics(List.of(topic.definition((short) 1))).all().get();
      }
      try (KafkaProducer<String, StreamMark> producer =
              new KafkaProducer<>(kafka, new StringSerializer(), topic.value().serializer());
          EpochsTopic epochs =
              EpochsTopic.follow(
                  topic, Map.of("bootstrap.servers", sandbox.kafka().bootstrapServers()))) {
        send(producer, topic, "hearth", epoch(3, 1));
        send(
            producer,
            topic,
            "product",
            new GenerationRaised("product", 4, new Position(3, 1), "truncate", Instant.EPOCH));
        eventually(() -> epochs.of(3).isPresent());

        assertThat(epochs.of(3)).contains(new History("7000", 1));
        assertThat(epochs.of(4)).isEmpty();

        send(producer, topic, "hearth", epoch(4, 2));
        eventually(() -> epochs.of(4).isPresent());

        assertThat(epochs.of(4)).contains(new History("7000", 2));
        assertThat(epochs.of(3)).contains(new History("7000", 1));

        send(producer, topic, "other", epoch(4, 9));
        eventually(() -> epochs.of(4).equals(Optional.empty()));
      }
    }
  }

  private static void send(
      KafkaProducer<String, StreamMark> producer,
      Topic<String, StreamMark> topic,
      String key,
      StreamMark mark)
      throws Exception {
    producer.send(new ProducerRecord<>(topic.name(), key, mark)).get();
  }

  private static EpochRaised epoch(long epoch, int timeline) {
    return new EpochRaised(
        "hearth",
        new Position(epoch, 100),
        new SourceIdentity("7000", timeline, "hearth", 0, "product", Instant.EPOCH),
        true,
        "a test",
        Instant.EPOCH);
  }

  private static void eventually(BooleanSupplier condition) {
    long start = System.nanoTime();
    while (!condition.getAsBoolean()) {
      assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(BOUND);
      LockSupport.parkNanos(1_000_000);
    }
  }
}
