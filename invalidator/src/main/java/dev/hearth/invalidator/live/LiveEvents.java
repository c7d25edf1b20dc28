package dev.hearth.invalidator.live;

import dev.hearth.schemas.invalidation.InvalidationRecord;
import dev.hearth.schemas.topic.Topic;
import dev.hearth.schemas.topic.Topics;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InterruptException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads the invalidations while somebody listens, from the end on; costs nothing while nobody does.
 * Thread-safe.
 */
public final class LiveEvents implements AutoCloseable {
  /** Each has a thread, a connection, and events that wait. */
  static final int MOST_LISTENERS = 16;

  static final int MOST_WAITING = 1_000;

  private static final Logger LOG = LoggerFactory.getLogger(LiveEvents.class);
  private static final Duration POLL = Duration.ofMillis(200);
  private static final Duration PAUSE = Duration.ofSeconds(1);
  private static final Duration CLOSE_BOUND = Duration.ofSeconds(10);

  private final Topic<String, InvalidationRecord> topic;
  private final Supplier<KafkaConsumer<byte[], byte[]>> consumers;
  private final Set<Listener> listeners = new HashSet<>();
  private @Nullable Thread reading;
  private boolean stopping;

  /**
   * Wires it.
   *
   * @param consumers make a consumer without a group or commits that begins at the latest record
   */
  public LiveEvents(Topics topics, Supplier<KafkaConsumer<byte[], byte[]>> consumers) {
    this.topic = topics.invalidations();
    this.consumers = consumers;
  }

  @Override
  public void close() throws InterruptedException {
    @Nullable Thread last;
    synchronized (this) {
      stopping = true;
      listeners.forEach(Listener::end);
      listeners.clear();
      last = reading;
    }
    if (last != null) {
      last.join(CLOSE_BOUND.toMillis());
    }
  }

  /** Adds a listener; empty where there are too many, or it is stopping. */
  synchronized Optional<Listener> listen(Optional<String> cache) {
    if (stopping || listeners.size() >= MOST_LISTENERS) {
      return Optional.empty();
    }
    Listener listener = new Listener(cache, MOST_WAITING);
    listeners.add(listener);
    if (reading == null) {
      Thread thread = new Thread(this::read, "live-events");
      thread.setDaemon(true);
      reading = thread;
      thread.start();
    }
    return Optional.of(listener);
  }

  synchronized void leave(Listener listener) {
    listeners.remove(listener);
  }

  /** Whether somebody still listens; where nobody does the thread is given up, for good. */
  private synchronized boolean goesOn() {
    if (listeners.isEmpty()) {
      reading = null;
      return false;
    }
    return true;
  }

  /** Who listens now. */
  synchronized List<Listener> present() {
    return new ArrayList<>(listeners);
  }

  private void read() {
    while (goesOn()) {
      try (KafkaConsumer<byte[], byte[]> consumer = consumers.get()) {
        List<TopicPartition> partitions =
            IntStream.range(0, topic.partitions())
                .mapToObj(partition -> new TopicPartition(topic.name(), partition))
                .toList();
        consumer.assign(partitions);
        consumer.seekToEnd(partitions);
        while (!present().isEmpty()) {
          for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
            LiveEvent.of(topic, record)
                .ifPresent(event -> present().forEach(listener -> listener.offer(event)));
          }
        }
      } catch (InterruptException e) {
        LOG.debug("interrupted");
      } catch (RuntimeException e) {
        // Whoever listened cannot know what it missed meanwhile.
        LOG.warn("live events interrupted", e);
        present()
            .forEach(
                listener -> {
                  listener.end();
                  leave(listener);
                });
        LockSupport.parkNanos(PAUSE.toNanos());
      }
    }
  }
}
