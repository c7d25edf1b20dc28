package dev.hearth.ingest.publish;

import dev.hearth.schemas.change.ChangeMark;
import dev.hearth.schemas.codec.UnreadableRecordException;
import dev.hearth.schemas.position.EpochRaised;
import dev.hearth.schemas.position.Watermark;
import dev.hearth.schemas.topic.Topic;
import dev.hearth.schemas.topic.Topics;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeoutException;
import java.util.function.BiConsumer;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.jspecify.annotations.Nullable;

/**
 * What earlier runs have published: the latest epoch of a source and the latest watermark. Read
 * once at the start of a session; blocks.
 */
public final class PublishedHistory {
  /** How many records are read at once in search of a watermark, from the end backwards. */
  private static final long WATERMARK_SEARCH_RECORDS = 50_000;

  private static final Duration BOUND = Duration.ofSeconds(30);

  private final Topics topics;
  private final Map<String, Object> clientProperties;

  public PublishedHistory(Topics topics, Map<String, Object> clientProperties) {
    this.topics = topics;
    this.clientProperties = Map.copyOf(clientProperties);
  }

  /**
   * An epoch.
   *
   * @param tables how they were that were told of in it
   */
  public record Epoch(EpochRaised raised, ToldTables tables) {}

  /** The latest epoch that was raised for a source. */
  public Optional<Epoch> latestEpoch(String source) {
    Latest<Epoch> latest = new Latest<>();
    try (KafkaConsumer<byte[], byte[]> consumer = consumer(topics.epochs())) {
      read(
          consumer,
          topics.epochs(),
          beginning(consumer, topics.epochs()),
          end(consumer, topics.epochs()),
          (mark, headers) -> {
            if (mark instanceof EpochRaised raised && raised.source().equals(source)) {
              latest.value = new Epoch(raised, ToldTables.of(headers));
            }
          });
    }
    return Optional.ofNullable(latest.value);
  }

  /** The latest watermark on the changes topic. */
  public Optional<Watermark> latestWatermark() {
    Latest<Watermark> latest = new Latest<>();
    try (KafkaConsumer<byte[], byte[]> consumer = consumer(topics.changes())) {
      long first = beginning(consumer, topics.changes());
      long to = end(consumer, topics.changes());
      // Backwards: the latest is near the end, unless bulk changes stand behind it.
      while (latest.value == null && to > first) {
        long from = Math.max(first, to - WATERMARK_SEARCH_RECORDS);
        read(
            consumer,
            topics.changes(),
            from,
            to,
            (record, headers) -> {
              if (record instanceof ChangeMark mark && mark.mark() instanceof Watermark watermark) {
                latest.value = watermark;
              }
            });
        to = from;
      }
    }
    return Optional.ofNullable(latest.value);
  }

  private static final class Latest<T> {
    private @Nullable T value;
  }

  private <V> KafkaConsumer<byte[], byte[]> consumer(Topic<String, V> topic) {
    Map<String, Object> properties = new HashMap<>(clientProperties);
    properties.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, "false");
    properties.put(ConsumerConfig.FETCH_MAX_WAIT_MS_CONFIG, "50");
    properties.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
    KafkaConsumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(properties, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    consumer.assign(List.of(partition(topic)));
    return consumer;
  }

  private static TopicPartition partition(Topic<?, ?> topic) {
    return new TopicPartition(topic.name(), 0);
  }

  private static long beginning(KafkaConsumer<?, ?> consumer, Topic<?, ?> topic) {
    return consumer
        .beginningOffsets(List.of(partition(topic)), BOUND)
        .getOrDefault(partition(topic), 0L);
  }

  private static long end(KafkaConsumer<?, ?> consumer, Topic<?, ?> topic) {
    return consumer.endOffsets(List.of(partition(topic)), BOUND).getOrDefault(partition(topic), 0L);
  }

  /** Reads what stands from one offset up to, and without, another. */
  private static <V> void read(
      KafkaConsumer<byte[], byte[]> consumer,
      Topic<String, V> topic,
      long from,
      long to,
      BiConsumer<V, Headers> each) {
    consumer.seek(partition(topic), from);
    long deadline = System.nanoTime() + BOUND.toNanos();
    while (consumer.position(partition(topic), BOUND) < to) {
      if (System.nanoTime() > deadline) {
        throw new PublishingFailedException(
            "reading " + topic.name() + " took longer than " + BOUND.toSeconds() + " s",
            new TimeoutException());
      }
      for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(200))) {
        if (record.offset() >= to) {
          return;
        }
        try {
          V value = topic.value().deserializer().deserialize(topic.name(), record.value());
          if (value != null) {
            each.accept(value, record.headers());
          }
        } catch (UnreadableRecordException e) {
          // Not ours to judge here: the invalidator makes a dead letter of it.
          continue;
        }
      }
    }
  }
}
