package dev.hearth.ingest.publish;

import dev.hearth.schemas.change.ChangeMark;
import dev.hearth.schemas.change.ChangeRecord;
import dev.hearth.schemas.change.SnapshotRequest;
import dev.hearth.schemas.position.EpochRaised;
import dev.hearth.schemas.position.StreamMark;
import dev.hearth.schemas.topic.Topic;
import dev.hearth.schemas.topic.Topics;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;

/**
 * Publishes to the changes topic in order, and tells of each record when the broker has it. The
 * first record that the broker refuses for good ends the publisher: nothing is ever skipped. Sends
 * are for one thread; acknowledgements come on the producer's own.
 */
public final class ChangePublisher implements AutoCloseable {
  private static final Duration CLOSE_BOUND = Duration.ofSeconds(5);
  private static final Duration MARK_BOUND = Duration.ofSeconds(30);

  private final Topics topics;
  private final KafkaProducer<byte[], byte[]> producer;
  private final AtomicReference<@Nullable Exception> failure = new AtomicReference<>();

  public ChangePublisher(Topics topics, Map<String, Object> clientProperties) {
    this.topics = topics;
    Map<String, Object> properties = new HashMap<>(clientProperties);
    properties.put(ProducerConfig.CLIENT_ID_CONFIG, topics.prefix() + "-ingest");
    properties.put(ProducerConfig.ACKS_CONFIG, "all");
    properties.put(ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG, "true");
    properties.put(ProducerConfig.LINGER_MS_CONFIG, "0");
    properties.put(ProducerConfig.BATCH_SIZE_CONFIG, "131072");
    properties.put(ProducerConfig.COMPRESSION_TYPE_CONFIG, "lz4");
    properties.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, "30000");
    properties.put(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, "60000");
    properties.put(ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG, "15000");
    this.producer =
        new KafkaProducer<>(properties, new ByteArraySerializer(), new ByteArraySerializer());
  }

  /** Sends one record; {@code acknowledged} runs once the broker has it. */
  public void publish(@Nullable String key, ChangeRecord record, Runnable acknowledged) {
    send(topics.changes(), key, record, acknowledged);
  }

  /** Sends a mark to changes; {@code acknowledged} runs once the broker has it. */
  public void publish(StreamMark mark, Runnable acknowledged) {
    publish(null, new ChangeMark(mark), acknowledged);
  }

  /**
   * Records a mark in the epochs topic and then in the changes, and waits for the broker each time.
   * What is published afterwards stands behind the mark.
   */
  public void register(String key, StreamMark mark) {
    await(topics.epochs(), send(topics.epochs(), key, mark, () -> {}));
    await(topics.changes(), send(topics.changes(), null, new ChangeMark(mark), () -> {}));
  }

  /** Puts beside an epoch how its tables are on the changes topic; waits for the broker. */
  public void remember(EpochRaised epoch, ToldTables tables) {
    Topic<String, StreamMark> topic = topics.epochs();
    failIfBroken();
    ProducerRecord<byte[], byte[]> beside =
        new ProducerRecord<>(
            topic.name(),
            epoch.source().getBytes(StandardCharsets.UTF_8),
            topic.value().serializer().serialize(topic.name(), epoch));
    beside.headers().add(ToldTables.HEADER, tables.bytes());
    await(topic, producer.send(beside, (sent, error) -> settle(error, () -> {})));
  }

  private static void await(Topic<?, ?> topic, Future<?> sent) {
    try {
      sent.get(MARK_BOUND.toSeconds(), TimeUnit.SECONDS);
    } catch (ExecutionException | TimeoutException e) {
      throw new PublishingFailedException(
          "the broker did not take an epoch record on " + topic.name(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new PublishingFailedException("interrupted", e);
    }
  }

  /** Takes an answered request for rows back. */
  public void takeBack(SnapshotRequest request) {
    failIfBroken();
    ProducerRecord<byte[], byte[]> none =
        new ProducerRecord<>(
            topics.snapshots().name(), request.table().getBytes(StandardCharsets.UTF_8), null);
    none.headers().add(SnapshotRequests.TAKEN_BACK, request.id().getBytes(StandardCharsets.UTF_8));
    producer.send(none, (sent, error) -> settle(error, () -> {}));
  }

  /** Publishes what could not be read, with the reason. */
  public void deadLetter(String key, String description, String reason) {
    Topic<byte[], byte[]> letters = topics.deadLetters();
    ProducerRecord<byte[], byte[]> letter =
        new ProducerRecord<>(
            letters.name(),
            key.getBytes(StandardCharsets.UTF_8),
            description.getBytes(StandardCharsets.UTF_8));
    letter
        .headers()
        .add("__streams.errors.message", reason.getBytes(StandardCharsets.UTF_8))
        .add("hearth.stage", "ingest".getBytes(StandardCharsets.UTF_8));
    producer.send(letter, (sent, error) -> settle(error, () -> {}));
  }

  private <V> Future<?> send(
      Topic<String, V> topic, @Nullable String key, V record, Runnable acknowledged) {
    failIfBroken();
    byte[] keyBytes = key == null ? null : key.getBytes(StandardCharsets.UTF_8);
    byte[] value = topic.value().serializer().serialize(topic.name(), record);
    return producer.send(
        new ProducerRecord<>(topic.name(), keyBytes, value),
        (sent, error) -> settle(error, acknowledged));
  }

  private void settle(@Nullable Exception error, Runnable acknowledged) {
    if (error == null) {
      acknowledged.run();
    } else {
      failure.compareAndSet(null, error);
    }
  }

  /**
   * Throws if the broker refused a record for good.
   *
   * @throws PublishingFailedException with the reason
   */
  public void failIfBroken() {
    Exception error = failure.get();
    if (error != null) {
      throw new PublishingFailedException(
          "the broker did not take a record: " + error.getMessage(), error);
    }
  }

  @Override
  public void close() {
    producer.close(CLOSE_BOUND);
  }
}
