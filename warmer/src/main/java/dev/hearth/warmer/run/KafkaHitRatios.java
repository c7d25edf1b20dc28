package dev.hearth.warmer.run;

import dev.hearth.chassis.kafka.KafkaClients;
import dev.hearth.schemas.access.AccessReport;
import dev.hearth.schemas.codec.UnreadableRecordException;
import dev.hearth.schemas.topic.Topic;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Hit ratios from the reports of all clients, from its start on. {@link #of} is for any thread. */
public final class KafkaHitRatios implements HitRatios, AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(KafkaHitRatios.class);
  private static final Duration POLL = Duration.ofMillis(200);
  private static final Duration RETRY_EVERY = Duration.ofSeconds(1);

  private final Topic<String, AccessReport> topic;
  private final Map<String, Object> configuration;
  private final Clock clock;
  private final RecentReads reads = new RecentReads();
  private final CountDownLatch stopped = new CountDownLatch(1);
  private final Thread thread = new Thread(this::follow, "hit-ratios");
  private volatile @Nullable KafkaConsumer<byte[], byte[]> consumer;

  /**
   * @param kafka bootstrap servers, security and what else the user set for all clients
   */
  public KafkaHitRatios(Topic<String, AccessReport> topic, Map<String, String> kafka, Clock clock) {
    this.topic = topic;
    this.clock = clock;
    this.configuration = KafkaClients.readingFromNow(kafka);
    thread.setDaemon(true);
  }

  /** Begins to follow; returns at once. */
  public void start() {
    thread.start();
  }

  @Override
  public HitRatio of(String cache, Instant since) {
    return reads.of(cache, since, clock.instant());
  }

  @Override
  public void close() {
    stopped.countDown();
    KafkaConsumer<byte[], byte[]> running = consumer;
    if (running != null) {
      running.wakeup();
    }
    try {
      thread.join(TimeUnit.SECONDS.toMillis(5));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void follow() {
    while (stopped.getCount() > 0) {
      try (KafkaConsumer<byte[], byte[]> each =
          new KafkaConsumer<>(
              configuration, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
        consumer = each;
        List<TopicPartition> all =
            IntStream.range(0, topic.partitions())
                .mapToObj(partition -> new TopicPartition(topic.name(), partition))
                .toList();
        each.assign(all);
        each.seekToEnd(all);
        while (stopped.getCount() > 0) {
          each.poll(POLL).forEach(this::take);
        }
      } catch (WakeupException e) {
        // Closing.
      } catch (KafkaException e) {
        log.warn(
            "reads are not followed, trying again topic={} error={}", topic.name(), e.toString());
        rest();
      } finally {
        consumer = null;
      }
    }
  }

  private void take(ConsumerRecord<byte[], byte[]> record) {
    if (record.value() == null) {
      return;
    }
    try {
      reads.add(
          topic.value().deserializer().deserialize(topic.name(), record.value()), clock.instant());
    } catch (UnreadableRecordException e) {
      // Who counts heat puts it to the dead letters.
      log.debug("report passed over offset={}", record.offset());
    }
  }

  private void rest() {
    try {
      if (stopped.await(RETRY_EVERY.toMillis(), TimeUnit.MILLISECONDS)) {
        log.debug("hit ratios end");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      stopped.countDown();
    }
  }
}
