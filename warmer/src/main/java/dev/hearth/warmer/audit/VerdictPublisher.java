package dev.hearth.warmer.audit;

import dev.hearth.chassis.kafka.KafkaClients;
import dev.hearth.schemas.audit.AuditVerdict;
import dev.hearth.schemas.topic.Topic;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;

/** Verdicts to the topic {@code audits}, by cache. Thread-safe. */
public final class VerdictPublisher implements AutoCloseable {
  private static final Duration LONGEST = Duration.ofSeconds(15);

  private final Topic<String, AuditVerdict> topic;
  private final KafkaProducer<String, AuditVerdict> producer;

  /**
   * Opens the publisher; connects in the background.
   *
   * @param kafka bootstrap servers, security and what else the user set for all clients
   */
  public VerdictPublisher(Topic<String, AuditVerdict> topic, Map<String, String> kafka) {
    this.topic = topic;
    this.producer =
        new KafkaProducer<>(
            KafkaClients.writing(kafka), topic.key().serializer(), topic.value().serializer());
  }

  /**
   * Publishes, and waits for the acknowledgement.
   *
   * @throws IllegalStateException if Kafka does not acknowledge it
   */
  public void publish(AuditVerdict verdict) throws InterruptedException {
    try {
      producer
          .send(new ProducerRecord<>(topic.name(), verdict.cache(), verdict))
          .get(LONGEST.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException | TimeoutException e) {
      throw new IllegalStateException(
          "the verdict on cache \"" + verdict.cache() + "\" was not acknowledged by Kafka", e);
    }
  }

  @Override
  public void close() {
    producer.close(LONGEST);
  }
}
