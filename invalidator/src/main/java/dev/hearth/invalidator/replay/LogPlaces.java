package dev.hearth.invalidator.replay;

import dev.hearth.schemas.codec.UnreadableRecordException;
import dev.hearth.schemas.invalidation.Invalidation;
import dev.hearth.schemas.invalidation.InvalidationMark;
import dev.hearth.schemas.invalidation.InvalidationRecord;
import dev.hearth.schemas.position.EpochRaised;
import dev.hearth.schemas.position.GenerationRaised;
import dev.hearth.schemas.position.Position;
import dev.hearth.schemas.position.StreamMark;
import dev.hearth.schemas.position.Watermark;
import dev.hearth.schemas.topic.Topic;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndTimestamp;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * Finds where in the log of invalidations a replay begins, with a consumer of its own that joins no
 * group. Thread-safe; blocks, for some seconds at most.
 *
 * <p>Positions do not fall along a partition, but where records were derived twice; and then all of
 * them come again behind the place. So a position is found by halving.
 */
public final class LogPlaces {
  /** Clocks of the database and of the derivation, whose time records bear, may differ. */
  private static final Duration CLOCKS_APART = Duration.ofSeconds(30);

  private static final Duration BOUND = Duration.ofSeconds(20);
  private static final Duration POLL = Duration.ofMillis(100);

  private final Topic<String, InvalidationRecord> topic;
  private final Map<String, Object> kafka;

  public LogPlaces(Topic<String, InvalidationRecord> topic, Map<String, Object> kafka) {
    this.topic = topic;
    this.kafka = Map.copyOf(kafka);
  }

  /**
   * Where one partition begins.
   *
   * @param offset of the first record to apply again
   * @param end behind the last record there was
   * @param reaches false where records before {@code offset} are gone that belonged to it
   */
  public record Place(long offset, long end, boolean reaches) {}

  /**
   * By partition.
   *
   * @throws KafkaException if the broker does not answer in time
   */
  public SortedMap<Integer, Place> find(ReplayFrom from) {
    Map<String, Object> properties = new HashMap<>(kafka);
    properties.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, "false");
    properties.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
    properties.put(ConsumerConfig.FETCH_MAX_WAIT_MS_CONFIG, "50");
    properties.put(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, "100");
    properties.put(ConsumerConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, (int) BOUND.toMillis());
    long deadline = System.nanoTime() + BOUND.toNanos();
    try (KafkaConsumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(properties, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      List<TopicPartition> partitions = new ArrayList<>();
      for (int partition = 0; partition < topic.partitions(); partition++) {
        partitions.add(new TopicPartition(topic.name(), partition));
      }
      Map<TopicPartition, Long> begins = consumer.beginningOffsets(partitions);
      Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
      SortedMap<Integer, Place> places = new TreeMap<>();
      for (TopicPartition partition : partitions) {
        long begin = begins.getOrDefault(partition, 0L);
        long end = ends.getOrDefault(partition, 0L);
        long offset =
            from instanceof ReplayFrom.Time time
                ? byTime(consumer, partition, time, end)
                : byPosition(
                    consumer, partition, ((ReplayFrom.At) from).position(), begin, end, deadline);
        places.put(partition.partition(), new Place(offset, end, offset > begin || begin == 0));
      }
      return places;
    }
  }

  private static long byTime(
      KafkaConsumer<byte[], byte[]> consumer,
      TopicPartition partition,
      ReplayFrom.Time from,
      long end) {
    long time = Math.max(0, from.time().minus(CLOCKS_APART).toEpochMilli());
    return Optional.ofNullable(consumer.offsetsForTimes(Map.of(partition, time)).get(partition))
        .map(OffsetAndTimestamp::offset)
        .orElse(end);
  }

  private long byPosition(
      KafkaConsumer<byte[], byte[]> consumer,
      TopicPartition partition,
      Position wanted,
      long begin,
      long end,
      long deadlineNanos) {
    long low = begin;
    long high = end;
    while (low < high) {
      long middle = low + (high - low) / 2;
      Optional<Found> found = next(consumer, partition, middle, high, deadlineNanos);
      if (found.isEmpty() || found.get().position().atLeast(wanted)) {
        high = middle;
      } else {
        low = found.get().offset() + 1;
      }
    }
    return low;
  }

  private record Found(long offset, Position position) {}

  /** The first record from an offset on, and before another, that has a position. */
  private Optional<Found> next(
      KafkaConsumer<byte[], byte[]> consumer,
      TopicPartition partition,
      long from,
      long before,
      long deadlineNanos) {
    consumer.assign(List.of(partition));
    consumer.seek(partition, from);
    while (consumer.position(partition) < before) {
      if (System.nanoTime() > deadlineNanos) {
        throw new TimeoutException("the place was not found within " + BOUND.toSeconds() + " s");
      }
      for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
        if (record.offset() >= before) {
          return Optional.empty();
        }
        Optional<Position> position = position(record);
        if (position.isPresent()) {
          return Optional.of(new Found(record.offset(), position.get()));
        }
      }
    }
    return Optional.empty();
  }

  private Optional<Position> position(ConsumerRecord<byte[], byte[]> record) {
    InvalidationRecord value;
    try {
      value = topic.value().deserializer().deserialize(topic.name(), record.value());
    } catch (UnreadableRecordException e) {
      return Optional.empty();
    }
    if (value instanceof Invalidation invalidation) {
      return Optional.of(invalidation.position());
    }
    return value instanceof InvalidationMark mark ? position(mark.mark()) : Optional.empty();
  }

  private static Optional<Position> position(StreamMark mark) {
    if (mark instanceof Watermark watermark) {
      return Optional.of(watermark.ceiling());
    }
    if (mark instanceof EpochRaised raised) {
      return Optional.of(raised.position());
    }
    return mark instanceof GenerationRaised raised
        ? Optional.of(raised.position())
        : Optional.empty();
  }
}
