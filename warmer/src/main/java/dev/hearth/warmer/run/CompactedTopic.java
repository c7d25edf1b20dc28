package dev.hearth.warmer.run;

import dev.hearth.chassis.kafka.KafkaClients;
import dev.hearth.schemas.codec.UnreadableRecordException;
import dev.hearth.schemas.topic.Topic;
import java.time.Duration;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.BinaryOperator;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A compacted topic of one partition as a map that outlives processes. Thread-safe. */
final class CompactedTopic<V> implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(CompactedTopic.class);
  private static final Duration LONGEST_READ = Duration.ofSeconds(30);
  private static final Duration POLL = Duration.ofMillis(200);

  private final Topic<String, V> topic;
  private final BinaryOperator<V> ofTwo;
  private final Map<String, Object> reading;
  private final KafkaProducer<String, V> producer;
  private final Map<String, V> latest = new LinkedHashMap<>();
  private @Nullable KafkaConsumer<String, byte[]> reader;
  private boolean closed;

  /**
   * Opens it; connects in the background.
   *
   * @param kafka bootstrap servers, security and what else the user set for all clients
   * @param ofTwo which of two values of a key counts, the earlier or the later
   */
  CompactedTopic(Topic<String, V> topic, Map<String, String> kafka, BinaryOperator<V> ofTwo) {
    this.topic = topic;
    this.ofTwo = ofTwo;
    this.reading = KafkaClients.readingFromTheBeginning(kafka);
    this.producer =
        new KafkaProducer<>(
            KafkaClients.writing(kafka), topic.key().serializer(), topic.value().serializer());
  }

  /** Writes a value, or removes it; completes once that cannot be lost. */
  @SuppressWarnings("FutureReturnValueIgnored") // the callback completes the stage
  CompletionStage<Void> send(String key, @Nullable V value) {
    CompletableFuture<Void> acknowledged = new CompletableFuture<>();
    try {
      producer.send(
          new ProducerRecord<>(topic.name(), key, value),
          (metadata, failure) -> {
            if (failure == null) {
              acknowledged.complete(null);
            } else {
              acknowledged.completeExceptionally(failure);
            }
          });
    } catch (KafkaException | IllegalStateException e) {
      acknowledged.completeExceptionally(e);
    }
    return acknowledged;
  }

  /**
   * What stands there now; reads only what came since the last time. Blocks, within a bound.
   *
   * @throws RuntimeException where it could not be read to its end
   */
  synchronized Collection<V> read() {
    try {
      readOn();
    } catch (RuntimeException e) {
      // From the beginning, next time: how far this came is not sure.
      forget();
      throw e;
    }
    return List.copyOf(latest.values());
  }

  private void readOn() {
    if (closed) {
      throw new IllegalStateException(topic.name() + " is closed");
    }
    TopicPartition partition = new TopicPartition(topic.name(), 0);
    KafkaConsumer<String, byte[]> consumer = reader;
    if (consumer == null) {
      consumer =
          new KafkaConsumer<>(reading, new StringDeserializer(), new ByteArrayDeserializer());
      reader = consumer;
      consumer.assign(List.of(partition));
      consumer.seekToBeginning(List.of(partition));
    }
    long deadline = System.nanoTime() + LONGEST_READ.toNanos();
    long end = consumer.endOffsets(List.of(partition), LONGEST_READ).getOrDefault(partition, 0L);
    while (consumer.position(partition, LONGEST_READ) < end) {
      if (System.nanoTime() > deadline) {
        throw new IllegalStateException(
            topic.name()
                + " was read to offset "
                + consumer.position(partition)
                + " of "
                + end
                + " within "
                + LONGEST_READ.toSeconds()
                + " s");
      }
      consumer.poll(POLL).forEach(this::take);
    }
  }

  private synchronized void forget() {
    latest.clear();
    KafkaConsumer<String, byte[]> consumer = reader;
    reader = null;
    if (consumer != null) {
      consumer.close(CloseOptions.timeout(Duration.ofSeconds(1)));
    }
  }

  private void take(ConsumerRecord<String, byte[]> record) {
    if (record.key() == null) {
      return;
    }
    if (record.value() == null) {
      latest.remove(record.key());
      return;
    }
    try {
      latest.merge(
          record.key(),
          topic.value().deserializer().deserialize(topic.name(), record.value()),
          ofTwo);
    } catch (UnreadableRecordException e) {
      log.warn(
          "record passed over topic={} offset={} error={}",
          topic.name(),
          record.offset(),
          e.getMessage());
    }
  }

  @Override
  public void close() {
    synchronized (this) {
      closed = true;
      forget();
    }
    producer.close(Duration.ofSeconds(5));
  }
}
