package dev.hearth.warmer.refresh;

import dev.hearth.chassis.kafka.KafkaClients;
import dev.hearth.chassis.metrics.Metric;
import dev.hearth.chassis.metrics.Metrics;
import dev.hearth.schemas.access.HotKeys;
import dev.hearth.schemas.access.HotKeys.HotKey;
import dev.hearth.schemas.codec.UnreadableRecordException;
import dev.hearth.schemas.invalidation.Applied;
import dev.hearth.schemas.invalidation.Invalidation;
import dev.hearth.schemas.topic.Topics;
import dev.hearth.store.CacheKey;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Follows the invalidations and what deliveries applied, and fills hot keys again. It begins at the
 * ends of the topics and forgets everything in a restart: what it misses is a miss of the cache,
 * which the next reader fills. Two threads of its own; {@link #start} and {@link #close} are for
 * any.
 */
public final class Refresher implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Refresher.class);
  private static final Duration POLL = Duration.ofMillis(500);
  private static final Duration RETRY_EVERY = Duration.ofSeconds(1);
  private static final int BATCH_KEYS = 100;
  private static final int MOST_WAITING = 10_000;
  private static final int MOST_BATCHES = 100;

  private final Topics topics;
  private final Map<String, Object> reading;
  private final Map<String, List<String>> storesOf;
  private final Function<String, Optional<HotKeys>> hotKeys;
  private final RefreshFill fill;
  private final Metrics metrics;
  private final Clock clock;
  private final Runnable heartbeat;
  private final Map<String, Indexed> index = new HashMap<>();
  private final BlockingQueue<RefreshBook.Batch> batches = new ArrayBlockingQueue<>(MOST_BATCHES);
  private final CountDownLatch stopped = new CountDownLatch(1);
  private final CountDownLatch following = new CountDownLatch(1);
  private final Thread follower = new Thread(this::follow, "refresh-follower");
  private final Thread filler = new Thread(this::fillAll, "refresh-filler");
  private volatile @Nullable KafkaConsumer<byte[], byte[]> consumer;

  private record Indexed(HotKeys of, Map<String, HotKey> byKey) {}

  /**
   * Refreshes caches.
   *
   * @param kafka bootstrap servers, security and what else the user set for all clients
   * @param storesOf names of the fenced stores of each cache that is to be refreshed
   * @param hotKeys the latest of a cache, from memory
   * @param heartbeat called at every turn of the loop
   */
  public Refresher(
      Topics topics,
      Map<String, String> kafka,
      Map<String, List<String>> storesOf,
      Function<String, Optional<HotKeys>> hotKeys,
      RefreshFill fill,
      Metrics metrics,
      Clock clock,
      Runnable heartbeat) {
    this.topics = topics;
    this.reading = KafkaClients.readingFromNow(kafka);
    this.storesOf = Map.copyOf(storesOf);
    this.hotKeys = hotKeys;
    this.fill = fill;
    this.metrics = metrics;
    this.clock = clock;
    this.heartbeat = heartbeat;
    follower.setDaemon(true);
    filler.setDaemon(true);
  }

  /** Begins; returns at once. */
  public void start() {
    follower.start();
    filler.start();
  }

  /**
   * Waits until it follows: what is invalidated after that, it hears of. False if it takes longer.
   */
  public boolean awaitFollowing(Duration longest) throws InterruptedException {
    return following.await(longest.toMillis(), TimeUnit.MILLISECONDS);
  }

  @Override
  public void close() {
    stopped.countDown();
    KafkaConsumer<byte[], byte[]> running = consumer;
    if (running != null) {
      running.wakeup();
    }
    filler.interrupt();
    try {
      follower.join(TimeUnit.SECONDS.toMillis(5));
      filler.join(TimeUnit.SECONDS.toMillis(5));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void follow() {
    while (stopped.getCount() > 0) {
      try (KafkaConsumer<byte[], byte[]> each =
          new KafkaConsumer<>(reading, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
        consumer = each;
        RefreshBook book = new RefreshBook(MOST_WAITING);
        Collection<TopicPartition> all = partitions();
        each.assign(all);
        each.seekToEnd(all);
        // Positions are looked up lazily: from here on nothing is missed.
        all.forEach(each::position);
        following.countDown();
        while (stopped.getCount() > 0) {
          heartbeat.run();
          each.poll(POLL).forEach(record -> take(book, record));
          book.giveUp(clock.instant()).forEach((cache, keys) -> count(cache, "dropped", keys));
          book.take(BATCH_KEYS).forEach(this::offer);
        }
      } catch (WakeupException e) {
        // Closing.
      } catch (KafkaException e) {
        heartbeat.run();
        log.warn("hot keys are not refreshed, trying again error={}", e.toString());
        pause();
      } finally {
        consumer = null;
      }
    }
  }

  private Collection<TopicPartition> partitions() {
    List<TopicPartition> all = new ArrayList<>();
    all.add(new TopicPartition(topics.applied().name(), 0));
    for (int partition = 0; partition < topics.invalidations().partitions(); partition++) {
      all.add(new TopicPartition(topics.invalidations().name(), partition));
    }
    return all;
  }

  private void take(RefreshBook book, ConsumerRecord<byte[], byte[]> record) {
    if (record.value() == null) {
      return;
    }
    try {
      if (record.topic().equals(topics.applied().name())) {
        Applied applied =
            topics.applied().value().deserializer().deserialize(record.topic(), record.value());
        book.applied(applied.store(), applied.partition(), applied.offset());
      } else if (topics
              .invalidations()
              .value()
              .deserializer()
              .deserialize(record.topic(), record.value())
          instanceof Invalidation invalidation) {
        take(book, invalidation, record.partition(), record.offset());
      }
    } catch (UnreadableRecordException e) {
      log.debug("record passed over topic={} offset={}", record.topic(), record.offset());
    }
  }

  private void take(RefreshBook book, Invalidation invalidation, int partition, long offset) {
    String cache = invalidation.cache();
    List<String> stores = storesOf.getOrDefault(cache, List.of());
    if (stores.isEmpty()) {
      return;
    }
    RefreshDecision decision = RefreshDecision.of(hot(cache, invalidation.key()));
    if (decision != RefreshDecision.REFRESH) {
      count(cache, decision.name().toLowerCase(Locale.ROOT), stores.size());
      return;
    }
    CacheKey key = new CacheKey(cache, invalidation.key());
    for (String store : stores) {
      if (!book.add(store, partition, offset, key, clock.instant())) {
        count(cache, "dropped", 1);
      }
    }
  }

  /** The hot key by its name; the latest list is indexed once. */
  @SuppressWarnings("ReferenceEquality") // equal lists of 10,000 keys would take as long to tell
  private Optional<HotKey> hot(String cache, String key) {
    HotKeys latest = hotKeys.apply(cache).orElse(null);
    if (latest == null) {
      return Optional.empty();
    }
    Indexed known = index.get(cache);
    if (known == null || known.of() != latest) {
      known =
          new Indexed(
              latest,
              latest.keys().stream()
                  .collect(
                      Collectors.toMap(HotKey::key, Function.identity(), (one, other) -> one)));
      index.put(cache, known);
    }
    return Optional.ofNullable(known.byKey().get(key));
  }

  private void offer(RefreshBook.Batch batch) {
    if (!batches.offer(batch)) {
      count(batch.target().cache(), "dropped", batch.keys().size());
    }
  }

  private void fillAll() {
    while (stopped.getCount() > 0) {
      try {
        RefreshBook.Batch batch = batches.poll(POLL.toMillis(), TimeUnit.MILLISECONDS);
        if (batch != null) {
          fill(batch);
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
    }
  }

  private void fill(RefreshBook.Batch batch) throws InterruptedException {
    String cache = batch.target().cache();
    try {
      fill.fill(cache, batch.target().store(), batch.keys())
          .forEach((outcome, keys) -> count(cache, outcome, keys));
    } catch (RuntimeException e) {
      log.warn(
          "hot keys not refreshed cache={} store={} keys={} error={}",
          cache,
          batch.target().store(),
          batch.keys().size(),
          e.toString());
      count(cache, "failed", batch.keys().size());
    }
  }

  private void count(String cache, String outcome, int keys) {
    if (keys > 0) {
      metrics.counter(Metric.REFRESHES, cache, outcome).increment(keys);
    }
  }

  private void pause() {
    try {
      if (stopped.await(RETRY_EVERY.toMillis(), TimeUnit.MILLISECONDS)) {
        log.debug("hot keys are no longer refreshed");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      stopped.countDown();
    }
  }
}
