package dev.hearth.ingest.publish;

import dev.hearth.schemas.change.ChangeMark;
import dev.hearth.schemas.codec.UnreadableRecordException;
import dev.hearth.schemas.position.EpochRaised;
import dev.hearth.schemas.position.Position;
import dev.hearth.schemas.position.Watermark;
import dev.hearth.schemas.topic.Topic;
import dev.hearth.schemas.topic.Topics;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.jspecify.annotations.Nullable;

/**
 * What earlier runs have published: the latest epoch of a source and the latest watermark. Read once
 * at the start of a session; blocks.
 */
public final class PublishedHistory {
  /** How far back a watermark is looked for; with one about every 10 ms this is minutes. */
  private static final long WATERMARK_SEARCH_RECORDS = 50_000;

  private static final Duration BOUND = Duration.ofSeconds(30);

  private final Topics topics;
  private final Map<String, Object> clientProperties;

  public PublishedHistory(Topics topics, Map<String, Object> clientProperties) {
    this.topics = topics;
    this.clientProperties = Map.copyOf(clientProperties);
  }

  /** The latest epoch that was raised for a source. */
  public Optional<EpochRaised> latestEpoch(String source) {
    Latest<EpochRaised> latest = new Latest<>();
    read(
        topics.epochs(),
        Long.MAX_VALUE,
        mark -> {
          if (mark instanceof EpochRaised raised && raised.source().equals(source)) {
            latest.value = raised;
          }
        });
    return Optional.ofNullable(latest.value);
  }

  /** Position of the latest watermark on the changes topic. */
  public Optional<Position> latestWatermark() {
    Latest<Position> latest = new Latest<>();
    read(
        topics.changes(),
        WATERMARK_SEARCH_RECORDS,
        record -> {
          if (record instanceof ChangeMark mark && mark.mark() instanceof Watermark watermark) {
            latest.value = watermark.position();
          }
        });
    return Optional.ofNullable(latest.value);
  }

  private static final class Latest<T> {
    private @Nullable T value;
  }

  private <V> void read(Topic<String, V> topic, long lastRecords, Consumer<V> each) {
    Map<String, Object> properties = new HashMap<>(clientProperties);
    properties.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, "false");
    properties.put(ConsumerConfig.FETCH_MAX_WAIT_MS_CONFIG, "50");
    properties.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
    TopicPartition partition = new TopicPartition(topic.name(), 0);
    try (KafkaConsumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(
            properties, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      List<TopicPartition> only = List.of(partition);
      consumer.assign(only);
      long begin = consumer.beginningOffsets(only, BOUND).getOrDefault(partition, 0L);
      long end = consumer.endOffsets(only, BOUND).getOrDefault(partition, 0L);
      consumer.seek(partition, Math.max(begin, end - Math.min(end, lastRecords)));
      long deadline = System.nanoTime() + BOUND.toNanos();
      while (consumer.position(partition, BOUND) < end) {
        if (System.nanoTime() > deadline) {
          throw new PublishingFailedException(
              "reading " + topic.name() + " took longer than " + BOUND.toSeconds() + " s",
              new java.util.concurrent.TimeoutException());
        }
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(200))) {
          try {
            V value = topic.value().deserializer().deserialize(topic.name(), record.value());
            if (value != null) {
              each.accept(value);
            }
          } catch (UnreadableRecordException e) {
            // Not ours to judge here: the invalidator makes a dead letter of it.
            continue;
          }
        }
      }
    }
  }
}
