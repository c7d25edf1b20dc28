package dev.hearth.warmer.heat;

import dev.hearth.chassis.kafka.KafkaClients;
import dev.hearth.schemas.access.HotKeys;
import dev.hearth.schemas.codec.UnreadableRecordException;
import dev.hearth.schemas.topic.Topic;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
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
 * The latest hot keys of every cache, read from the compacted topic by a thread of its own, so that
 * any instance can answer, whichever owns the heat. Holds one record for each known cache. {@link
 * #of} is for any thread; a broker that is away is asked again, and the last known stays.
 */
public final class HotKeysView implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(HotKeysView.class);
  private static final Duration RETRY_EVERY = Duration.ofSeconds(1);
  private static final Duration POLL = Duration.ofMillis(500);

  private final Topic<String, HotKeys> topic;
  private final Map<String, Object> configuration;
  private final Set<String> caches;
  private final Runnable heartbeat;
  private final Map<String, HotKeys> latest = new ConcurrentHashMap<>();
  private final CountDownLatch stopped = new CountDownLatch(1);
  private final CountDownLatch caughtUp = new CountDownLatch(1);
  private final Thread thread = new Thread(this::follow, "hot-keys-view");
  private volatile @Nullable KafkaConsumer<String, byte[]> consumer;

  /**
   * @param kafka bootstrap servers, security and what else the user set for all clients
   * @param caches names in the configuration; hot keys of others are passed over
   * @param heartbeat called at every turn of the loop
   */
  public HotKeysView(
      Topic<String, HotKeys> topic,
      Map<String, String> kafka,
      Set<String> caches,
      Runnable heartbeat) {
    this.topic = topic;
    this.configuration = KafkaClients.readingFromTheBeginning(kafka);
    this.caches = Set.copyOf(caches);
    this.heartbeat = heartbeat;
    thread.setDaemon(true);
  }

  /** Begins to follow; returns at once. */
  public void start() {
    thread.start();
  }

  /** The latest hot keys of a cache; empty before any were published. */
  public Optional<HotKeys> of(String cache) {
    return Optional.ofNullable(latest.get(cache));
  }

  /** Waits until what was published before the start is known; false if that takes longer. */
  public boolean awaitCaughtUp(Duration longest) throws InterruptedException {
    return caughtUp.await(longest.toMillis(), TimeUnit.MILLISECONDS);
  }

  @Override
  public void close() {
    stopped.countDown();
    KafkaConsumer<String, byte[]> running = consumer;
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
      try (KafkaConsumer<String, byte[]> each =
          new KafkaConsumer<>(
              configuration, new StringDeserializer(), new ByteArrayDeserializer())) {
        consumer = each;
        List<TopicPartition> only = List.of(new TopicPartition(topic.name(), 0));
        each.assign(only);
        each.seekToBeginning(only);
        long end = each.endOffsets(only).getOrDefault(only.get(0), 0L);
        while (stopped.getCount() > 0) {
          heartbeat.run();
          each.poll(POLL).forEach(this::take);
          if (caughtUp.getCount() > 0 && each.position(only.get(0)) >= end) {
            caughtUp.countDown();
          }
        }
      } catch (WakeupException e) {
        // Closing.
      } catch (KafkaException e) {
        heartbeat.run();
        log.warn(
            "hot keys are not followed, trying again topic={} error={}",
            topic.name(),
            e.toString());
        pause();
      } finally {
        consumer = null;
      }
    }
  }

  private void take(ConsumerRecord<String, byte[]> record) {
    String cache = record.key();
    if (cache == null || !caches.contains(cache)) {
      return;
    }
    if (record.value() == null) {
      latest.remove(cache);
      return;
    }
    try {
      latest.put(cache, topic.value().deserializer().deserialize(topic.name(), record.value()));
    } catch (UnreadableRecordException e) {
      log.warn(
          "hot keys passed over topic={} offset={} error={}",
          topic.name(),
          record.offset(),
          e.getMessage());
    }
  }

  private void pause() {
    try {
      if (stopped.await(RETRY_EVERY.toMillis(), TimeUnit.MILLISECONDS)) {
        log.debug("hot keys view ends");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      stopped.countDown();
    }
  }
}
