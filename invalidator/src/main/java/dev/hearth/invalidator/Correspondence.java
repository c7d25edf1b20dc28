package dev.hearth.invalidator;

import dev.hearth.invalidator.delivery.Delivery;
import dev.hearth.schemas.invalidation.Applied;
import dev.hearth.schemas.topic.Topic;
import dev.hearth.schemas.topic.Topics;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What deliveries publish: dead letters, awaited, and reports, which may be lost. Thread-safe. */
final class Correspondence implements Delivery.Letters, AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Correspondence.class);
  private static final long DEAD_LETTER_SECONDS = 30;

  private final Topics topics;
  private final KafkaProducer<byte[], byte[]> producer;

  Correspondence(Topics topics, Map<String, Object> kafka) {
    this.topics = topics;
    Map<String, Object> properties = new HashMap<>(kafka);
    properties.put(ProducerConfig.CLIENT_ID_CONFIG, topics.prefix() + "-delivery");
    properties.put(ProducerConfig.ACKS_CONFIG, "all");
    properties.put(ProducerConfig.LINGER_MS_CONFIG, "20");
    properties.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, "1000");
    this.producer =
        new KafkaProducer<>(properties, new ByteArraySerializer(), new ByteArraySerializer());
  }

  @Override
  public void dead(ConsumerRecord<byte[], byte[]> record, String reason) {
    ProducerRecord<byte[], byte[]> letter =
        new ProducerRecord<>(topics.deadLetters().name(), record.key(), record.value());
    record.headers().forEach(letter.headers()::add);
    letter
        .headers()
        .add("__streams.errors.topic", bytes(record.topic()))
        .add("__streams.errors.partition", bytes(Integer.toString(record.partition())))
        .add("__streams.errors.offset", bytes(Long.toString(record.offset())))
        .add("__streams.errors.message", bytes(reason))
        .add("hearth.stage", bytes("delivery"));
    try {
      producer.send(letter).get(DEAD_LETTER_SECONDS, TimeUnit.SECONDS);
    } catch (ExecutionException | TimeoutException e) {
      throw new KafkaException("the broker did not take a dead letter", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new KafkaException("interrupted", e);
    }
  }

  @Override
  public void applied(Applied applied) {
    Topic<String, Applied> topic = topics.applied();
    try {
      producer.send(
          new ProducerRecord<>(
              topic.name(),
              bytes(applied.store()),
              topic.value().serializer().serialize(topic.name(), applied)),
          (sent, error) -> {
            if (error != null) {
              LOG.debug("report lost store={}", applied.store(), error);
            }
          });
    } catch (KafkaException e) {
      LOG.debug("report lost store={}", applied.store(), e);
    }
  }

  @Override
  public void close() {
    producer.close(Duration.ofSeconds(3));
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
