package dev.hearth.ingest.publish;

import dev.hearth.schemas.change.SnapshotRequest;
import dev.hearth.schemas.codec.UnreadableRecordException;
import dev.hearth.schemas.topic.Topic;
import dev.hearth.schemas.topic.Topics;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Follows the requests for rows from the beginning of their topic, on a thread of its own: what
 * stands there is outstanding. Thread-safe.
 *
 * <p>A record without a value takes a request back; it names the request's id in a header, so that
 * it does not take back one that came in between.
 */
public final class SnapshotRequests implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(SnapshotRequests.class);

  /** Header of a record that takes a request back: the request's id. */
  static final String TAKEN_BACK = "hearth.snapshot";

  /** One for each table; more than a database has are somebody's mistake. */
  private static final int MOST_REQUESTS = 10_000;

  private static final Duration POLL = Duration.ofMillis(200);
  private static final Duration CLOSE_BOUND = Duration.ofSeconds(5);

  private final Topic<String, SnapshotRequest> topic;
  private final KafkaConsumer<byte[], byte[]> consumer;
  private final Map<String, SnapshotRequest> outstanding = new ConcurrentHashMap<>();
  private final Thread thread;
  private volatile boolean over;

  public SnapshotRequests(Topics topics, Map<String, Object> clientProperties) {
    this.topic = topics.snapshots();
    Map<String, Object> properties = new HashMap<>(clientProperties);
    properties.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, "false");
    properties.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
    this.consumer =
        new KafkaConsumer<>(properties, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    this.thread = new Thread(this::follow, "ingest-snapshot-requests");
    thread.setDaemon(true);
    thread.start();
  }

  /** The oldest request that nobody has answered. */
  public Optional<SnapshotRequest> oldest() {
    List<SnapshotRequest> all = new ArrayList<>(outstanding.values());
    return all.stream()
        .min(Comparator.comparing(SnapshotRequest::requestedAt).thenComparing(SnapshotRequest::id));
  }

  /** Whether a request still is the one of its table. */
  public boolean isOutstanding(SnapshotRequest request) {
    SnapshotRequest now = outstanding.get(request.table());
    return now != null && now.id().equals(request.id());
  }

  /** It is answered; what takes it back is on its way to the topic. */
  public void answered(SnapshotRequest request) {
    outstanding.computeIfPresent(
        request.table(), (table, now) -> now.id().equals(request.id()) ? null : now);
  }

  private void follow() {
    try (consumer) {
      TopicPartition partition = new TopicPartition(topic.name(), 0);
      consumer.assign(List.of(partition));
      consumer.seekToBeginning(List.of(partition));
      while (!over) {
        try {
          consumer.poll(POLL).forEach(this::take);
        } catch (WakeupException | InterruptException e) {
          break;
        } catch (KafkaException e) {
          LOG.warn("requests for rows cannot be read topic={}", topic.name(), e);
        }
      }
    }
  }

  private void take(ConsumerRecord<byte[], byte[]> record) {
    if (record.key() == null) {
      return;
    }
    String table = new String(record.key(), StandardCharsets.UTF_8);
    if (record.value() == null) {
      Header id = record.headers().lastHeader(TAKEN_BACK);
      outstanding.computeIfPresent(
          table,
          (same, now) ->
              id == null || now.id().equals(new String(id.value(), StandardCharsets.UTF_8))
                  ? null
                  : now);
      return;
    }
    try {
      SnapshotRequest request =
          topic.value().deserializer().deserialize(topic.name(), record.value());
      if (outstanding.size() < MOST_REQUESTS || outstanding.containsKey(request.table())) {
        outstanding.put(request.table(), request);
      }
    } catch (UnreadableRecordException e) {
      LOG.warn(
          "a request for rows cannot be read table={} offset={} reason=\"{}\"",
          table,
          record.offset(),
          e.getMessage());
    }
  }

  @Override
  public void close() {
    over = true;
    consumer.wakeup();
    try {
      thread.join(CLOSE_BOUND.toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
