package dev.hearth.cli.letters;

import dev.hearth.chassis.StartupException;
import dev.hearth.chassis.config.HearthConfig;
import dev.hearth.chassis.kafka.KafkaTopics;
import dev.hearth.ingest.publish.PublishedHistory;
import dev.hearth.schemas.position.Position;
import dev.hearth.schemas.position.Watermark;
import dev.hearth.schemas.topic.Topics;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Predicate;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndTimestamp;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** The topic of dead letters. Reading joins no group; putting back waits for the broker. */
public final class LetterBox implements AutoCloseable {
  private static final Duration API_BOUND = Duration.ofSeconds(10);
  private static final Duration READ_BOUND = Duration.ofSeconds(60);
  private static final Duration POLL = Duration.ofMillis(200);

  private final Topics topics;
  private final Map<String, Object> kafka;
  private final String address;
  private final TopicPartition partition;
  private final KafkaConsumer<byte[], byte[]> consumer;

  /**
   * Connects.
   *
   * @throws StartupException if the broker does not answer, or there is no such topic
   */
  public LetterBox(HearthConfig.Kafka config) {
    this.topics = new Topics(config.topicPrefix());
    this.address = config.bootstrapServers();
    this.kafka = KafkaTopics.clientProperties(address, config.properties());
    this.partition = new TopicPartition(topics.deadLetters().name(), 0);
    Map<String, Object> properties = new HashMap<>(kafka);
    properties.put(ConsumerConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, (int) API_BOUND.toMillis());
    properties.put(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, false);
    properties.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
    try {
      this.consumer =
          new KafkaConsumer<>(properties, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    } catch (KafkaException e) {
      throw unreachable(e);
    }
    try {
      if (consumer.partitionsFor(partition.topic()).isEmpty()) {
        throw new StartupException(
            "there is no topic "
                + partition.topic()
                + " yet, and so no letter; start `hearth run`, or check kafka.topicPrefix",
            1);
      }
      consumer.assign(List.of(partition));
    } catch (KafkaException e) {
      consumer.close(Duration.ZERO);
      throw unreachable(e);
    } catch (StartupException e) {
      consumer.close(Duration.ZERO);
      throw e;
    }
  }

  /**
   * Some letters.
   *
   * @param matching how many fit; at least as many as are here
   * @param letters the newest of them, the newest last
   */
  public record Some(long matching, List<DeadLetter> letters) {}

  /**
   * The newest letters that fit.
   *
   * @param since only letters from then on
   * @param most of those that are kept in memory
   */
  public Some read(Optional<Instant> since, Predicate<DeadLetter> wanted, int most) {
    try {
      long begin = begin();
      long end = end();
      long from =
          since
              .map(
                  time ->
                      Optional.ofNullable(
                              consumer
                                  .offsetsForTimes(Map.of(partition, time.toEpochMilli()))
                                  .get(partition))
                          .map(OffsetAndTimestamp::offset)
                          .orElse(end))
              .orElse(begin);
      Deque<DeadLetter> letters = new ArrayDeque<>();
      long matching = 0;
      consumer.seek(partition, from);
      long deadline = System.nanoTime() + READ_BOUND.toNanos();
      while (consumer.position(partition) < end) {
        if (System.nanoTime() > deadline) {
          throw new StartupException(
              partition.topic()
                  + " was not read to its end within "
                  + READ_BOUND.toSeconds()
                  + " s; narrow it with --since",
              1);
        }
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
          DeadLetter letter = DeadLetter.of(record);
          if (record.offset() < end && wanted.test(letter)) {
            matching++;
            letters.addLast(letter);
            if (letters.size() > most) {
              letters.removeFirst();
            }
          }
        }
      }
      return new Some(matching, List.copyOf(letters));
    } catch (KafkaException e) {
      throw unreachable(e);
    }
  }

  /**
   * One letter.
   *
   * @throws StartupException if there is none with this number
   */
  public DeadLetter read(long offset) {
    try {
      long begin = begin();
      long end = end();
      if (offset >= begin && offset < end) {
        consumer.seek(partition, offset);
        long deadline = System.nanoTime() + API_BOUND.toNanos();
        while (System.nanoTime() < deadline) {
          for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
            if (record.offset() == offset) {
              return DeadLetter.of(record);
            }
          }
        }
      }
      throw new StartupException(
          "there is no letter "
              + offset
              + "; "
              + (begin == end ? "there is none at all" : "expected " + begin + " to " + (end - 1))
              + "; list them with: hearth dlq list",
          2);
    } catch (KafkaException e) {
      throw unreachable(e);
    }
  }

  /** At or above the position of everything that is published; empty where nothing is. */
  public Optional<Position> now() {
    try {
      return new PublishedHistory(topics, kafka).latestWatermark().map(Watermark::ceiling);
    } catch (KafkaException e) {
      throw unreachable(e);
    }
  }

  /**
   * Puts records back, and returns once the broker has all of them.
   *
   * @throws StartupException if it does not take one; those before it are put back
   */
  public void send(List<Redrive.Send> records) {
    Map<String, Object> properties = new HashMap<>(kafka);
    properties.put(ProducerConfig.ACKS_CONFIG, "all");
    properties.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, Long.toString(API_BOUND.toMillis()));
    try (KafkaProducer<byte[], byte[]> producer =
        new KafkaProducer<>(properties, new ByteArraySerializer(), new ByteArraySerializer())) {
      for (Redrive.Send record : records) {
        ProducerRecord<byte[], byte[]> sent =
            new ProducerRecord<>(
                record.topic(),
                record.partition().orElse(null),
                record.key().orElse(null),
                record.value());
        record
            .headers()
            .forEach(
                (name, value) -> sent.headers().add(name, value.getBytes(StandardCharsets.UTF_8)));
        producer.send(sent).get(READ_BOUND.toSeconds(), TimeUnit.SECONDS);
      }
    } catch (ExecutionException e) {
      throw unreachable(e.getCause() == null ? e : e.getCause());
    } catch (TimeoutException | KafkaException e) {
      throw unreachable(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw unreachable(e);
    }
  }

  private long begin() {
    return consumer.beginningOffsets(List.of(partition)).getOrDefault(partition, 0L);
  }

  private long end() {
    return consumer.endOffsets(List.of(partition)).getOrDefault(partition, 0L);
  }

  private StartupException unreachable(Throwable cause) {
    return new StartupException(
        "kafka.bootstrapServers: "
            + address
            + " does not answer or refuses ("
            + cause.getClass().getSimpleName()
            + ": "
            + cause.getMessage()
            + "); check the address, that the broker runs, and what this user may do",
        1,
        cause);
  }

  @Override
  public void close() {
    consumer.close(Duration.ofSeconds(1));
  }
}
