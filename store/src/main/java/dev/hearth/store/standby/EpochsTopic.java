package dev.hearth.store.standby;

import dev.hearth.schemas.codec.UnreadableRecordException;
import dev.hearth.schemas.position.EpochRaised;
import dev.hearth.schemas.position.History;
import dev.hearth.schemas.position.StreamMark;
import dev.hearth.schemas.topic.Topic;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The epochs' histories as {@code hearth.epochs} tells them, followed by a thread of its own: a
 * compacted topic with a record per source and cache. {@link #of} is for any thread. While the
 * broker is away, what is known stays true, and new epochs are unknown.
 */
public final class EpochsTopic implements EpochHistories, AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(EpochsTopic.class);
  private static final Duration RETRY_EVERY = Duration.ofSeconds(1);
  private static final Duration POLL = Duration.ofMillis(500);
  private static final Duration CLOSE_BOUND = Duration.ofSeconds(5);

  private final Topic<String, StreamMark> topic;
  private final Map<String, Object> configuration;
  private final Map<Long, Optional<History>> histories = new ConcurrentHashMap<>();
  private final CountDownLatch stopped = new CountDownLatch(1);
  private final Thread thread = new Thread(this::follow, "hearth-epochs");
  private volatile @Nullable KafkaConsumer<String, byte[]> consumer;

  private EpochsTopic(Topic<String, StreamMark> topic, Map<String, String> kafka) {
    this.topic = topic;
    this.configuration = new HashMap<>(kafka);
    configuration.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
    configuration.put(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, false);
    thread.setDaemon(true);
  }

  /**
   * Begins to follow; returns at once.
   *
   * @param topic {@link dev.hearth.schemas.topic.Topics#epochs}
   * @param kafka bootstrap servers, security and what else the user set for all clients
   */
  public static EpochsTopic follow(Topic<String, StreamMark> topic, Map<String, String> kafka) {
    EpochsTopic following = new EpochsTopic(topic, kafka);
    following.thread.start();
    return following;
  }

  @Override
  public Optional<History> of(long epoch) {
    return histories.getOrDefault(epoch, Optional.empty());
  }

  @Override
  public void close() {
    stopped.countDown();
    KafkaConsumer<String, byte[]> running = consumer;
    if (running != null) {
      running.wakeup();
    }
    try {
      thread.join(CLOSE_BOUND.toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void follow() {
    while (stopped.getCount() > 0) {
      try (KafkaConsumer<String, byte[]> each =
          new KafkaConsumer<>(
              configuration, new StringDeserializer(), new ByteArrayDeserializer())) {
        consumer = each;
        List<TopicPartition> only = List.of(new TopicPartition(topic.name(), 0));
        each.assign(only);
        each.seekToBeginning(only);
        while (stopped.getCount() > 0) {
          each.poll(POLL).forEach(this::take);
        }
      } catch (WakeupException e) {
        // Closing.
      } catch (KafkaException e) {
        log.warn(
            "Epochs are not followed, trying again: topic={} error={}", topic.name(), e.toString());
        pause();
      } finally {
        consumer = null;
      }
    }
  }

  private void take(ConsumerRecord<String, byte[]> record) {
    if (record.value() == null) {
      return;
    }
    try {
      StreamMark mark = topic.value().deserializer().deserialize(topic.name(), record.value());
      if (mark instanceof EpochRaised raised) {
        learn(raised);
      }
    } catch (UnreadableRecordException e) {
      log.warn(
          "Epoch passed over, its loads go to the primary: topic={} offset={} error={}",
          topic.name(),
          record.offset(),
          e.getMessage());
    }
  }

  /** Two histories under one number: the topic was lost and the clock went back. Trust neither. */
  private void learn(EpochRaised raised) {
    histories.merge(
        raised.position().epoch(),
        Optional.of(raised.identity().history()),
        (known, told) -> known.equals(told) ? known : Optional.empty());
  }

  private void pause() {
    try {
      if (stopped.await(RETRY_EVERY.toMillis(), TimeUnit.MILLISECONDS)) {
        log.debug("Epochs are no longer followed: topic={}", topic.name());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      stopped.countDown();
    }
  }
}
