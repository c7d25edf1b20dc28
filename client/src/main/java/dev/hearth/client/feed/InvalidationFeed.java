package dev.hearth.client.feed;

import dev.hearth.schemas.codec.UnreadableRecordException;
import dev.hearth.schemas.invalidation.Invalidation;
import dev.hearth.schemas.invalidation.InvalidationMark;
import dev.hearth.schemas.invalidation.InvalidationRecord;
import dev.hearth.schemas.key.KeySlot;
import dev.hearth.schemas.position.EpochRaised;
import dev.hearth.schemas.position.GenerationRaised;
import dev.hearth.schemas.position.History;
import dev.hearth.schemas.position.Position;
import dev.hearth.schemas.position.StreamMark;
import dev.hearth.schemas.position.Watermark;
import dev.hearth.schemas.topic.Topic;
import dev.hearth.schemas.topic.Topics;
import dev.hearth.store.standby.EpochHistories;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Follows the invalidations for one process, so that its caches can say how old an answer may be,
 * whether it holds a write, and what an in-process copy must let go. One for all caches of an
 * installation. Thread-safe.
 *
 * <p>It reads every partition from its end on, without a consumer group, and the epochs from their
 * beginning, in a thread of its own. Where it lost its place it says so and begins anew at the end:
 * until the next watermark it vouches for nothing. The age of what it has read is counted on the
 * database's clock, which another thread reads every five seconds: clocks of different machines are
 * never compared.
 */
public final class InvalidationFeed implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(InvalidationFeed.class);
  private static final Duration POLL = Duration.ofMillis(500);
  private static final Duration API_BOUND = Duration.ofSeconds(5);
  private static final Duration READY_PAUSE = Duration.ofMillis(10);
  private static final Duration PAUSE = Duration.ofSeconds(1);
  private static final Duration CLOSE_BOUND = Duration.ofSeconds(5);

  private final Topic<String, InvalidationRecord> invalidations;
  private final Topic<String, StreamMark> epochs;
  private final Supplier<Consumer<byte[], byte[]>> consumers;
  private final PrimaryClock clock;
  private final List<Marks> marks;
  private final Map<Long, EpochRaised> known = new ConcurrentHashMap<>();
  private final List<Listener> listeners = new CopyOnWriteArrayList<>();
  private final Counter losses;
  private final Thread thread = new Thread(this::run, "hearth-invalidation-feed");
  private volatile boolean stopping;
  private volatile @Nullable Consumer<byte[], byte[]> current;
  private boolean interrupted;

  /** Who is told of every record, in the order of its partition, by the feed's thread. */
  public interface Listener {
    void invalidated(int partition, Invalidation invalidation);

    /** All caches, by a new epoch. */
    void raised(int partition, EpochRaised epoch);

    /** One cache, by a new generation. */
    void raised(int partition, GenerationRaised generation);

    /** Everything at or below the mark's ceiling was told, unless something was lost. */
    void marked(int partition, Watermark mark);

    /** Records were missed: whatever they were about is in doubt until the next mark. */
    void lost(int partition);
  }

  InvalidationFeed(
      Topics topics,
      Supplier<Consumer<byte[], byte[]>> consumers,
      PrimaryClock clock,
      MeterRegistry registry) {
    this.invalidations = topics.invalidations();
    this.epochs = topics.epochs();
    this.consumers = consumers;
    this.clock = clock;
    this.marks =
        IntStream.range(0, invalidations.partitions()).mapToObj(partition -> new Marks()).toList();
    Gauge.builder("hearth.client.stream.age", this, InvalidationFeed::ageSeconds)
        .description("Most that what this process has heard of the invalidations is old")
        .baseUnit("seconds")
        .register(registry);
    this.losses =
        Counter.builder("hearth.client.stream.losses")
            .description("Partitions in which this process missed invalidations, each time")
            .register(registry);
    thread.setDaemon(true);
  }

  /**
   * Begins to follow; needs neither broker nor database to begin with.
   *
   * @param bootstrapServers as Kafka has it: {@code host:port,...}
   * @param properties of the consumer (security, for example), which go before this class's own
   * @param primary the database that the invalidations come from, with an account that may log in
   * @throws KafkaException if no consumer can be made of these settings
   */
  public static InvalidationFeed start(
      String bootstrapServers,
      Topics topics,
      Map<String, String> properties,
      DataSource primary,
      MeterRegistry registry) {
    Map<String, Object> settings = new HashMap<>(defaults());
    settings.putAll(properties);
    settings.put(ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrapServers);
    // A place that is lost is an exception, never a reset: nothing is skipped in silence.
    settings.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "none");
    ByteArrayDeserializer bytes = new ByteArrayDeserializer();
    InvalidationFeed feed =
        new InvalidationFeed(
            topics,
            () -> new KafkaConsumer<>(settings, bytes, bytes),
            new PrimaryClock(primary, System::nanoTime),
            registry);
    feed.start();
    return feed;
  }

  private static Map<String, Object> defaults() {
    return Map.of(
        ConsumerConfig.CLIENT_ID_CONFIG,
        "hearth-invalidation-feed",
        ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG,
        false,
        ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG,
        false,
        ConsumerConfig.DEFAULT_API_TIMEOUT_MS_CONFIG,
        (int) API_BOUND.toMillis(),
        ConsumerConfig.RECONNECT_BACKOFF_MAX_MS_CONFIG,
        1_000);
  }

  void start() {
    clock.start();
    thread.start();
  }

  /** From now on; a listener that comes late begins with the next mark. */
  public void subscribe(Listener listener) {
    listeners.add(listener);
  }

  /**
   * Waits until the stream vouches for something in every partition: for a process that begins and
   * should not send its first reads to the database.
   *
   * @return whether it does; false where the limit came first, or an interrupt
   */
  public boolean awaitReady(Duration limit) {
    long begun = System.nanoTime();
    while (Double.isNaN(ageSeconds())) {
      if (System.nanoTime() - begun > limit.toNanos() || Thread.currentThread().isInterrupted()) {
        return false;
      }
      LockSupport.parkNanos(READY_PAUSE.toNanos());
    }
    return true;
  }

  /** What each epoch is bound to, for loads on standbys; as long as this feed runs. */
  public EpochHistories histories() {
    return epoch ->
        Optional.ofNullable(known.get(epoch)).map(raised -> raised.identity().history());
  }

  public int partitions() {
    return marks.size();
  }

  public int partitionOf(String key) {
    return KeySlot.partitionOf(key, marks.size());
  }

  /**
   * What vouches for something that holds all that was told so far; to be asked before it is read.
   */
  public Evidence heard(int partition) {
    Optional<Watermark> mark = marks.get(partition).latest();
    return evidence(mark.map(Watermark::position).orElse(Position.NONE), mark);
  }

  /**
   * What vouches for an entry of a store.
   *
   * @param applied A of the store, read before or with the entry
   * @param offset that A stands for
   */
  public Evidence applied(int partition, Position applied, long offset) {
    return evidence(applied, marks.get(partition).appliedAt(applied, offset));
  }

  private Evidence evidence(Position position, Optional<Watermark> mark) {
    Optional<History> history =
        Optional.ofNullable(known.get(position.epoch()))
            .filter(EpochRaised::settled)
            .map(epoch -> epoch.identity().history());
    return new Evidence(
        position,
        history,
        mark.flatMap(at -> history.flatMap(of -> clock.ageOf(at.gateTime(), of))));
  }

  private double ageSeconds() {
    Optional<Duration> oldest = Optional.of(Duration.ZERO);
    for (int partition = 0; partition < marks.size(); partition++) {
      Optional<Duration> age = heard(partition).age();
      oldest = oldest.flatMap(so -> age.map(other -> so.compareTo(other) > 0 ? so : other));
    }
    return oldest.map(age -> age.toNanos() / 1e9).orElse(Double.NaN);
  }

  private void run() {
    while (!stopping) {
      try (Consumer<byte[], byte[]> consumer = consumers.get()) {
        current = consumer;
        follow(consumer);
      } catch (WakeupException | InterruptException e) {
        log.debug("Woken to stop");
      } catch (RuntimeException e) {
        if (!interrupted) {
          interrupted = true;
          log.warn("Invalidation feed interrupted: topic={} error={}", name(), e.toString());
        }
      }
      if (!stopping) {
        // Another consumer begins at the end: what comes in between is not told.
        IntStream.range(0, marks.size()).forEach(this::lose);
        LockSupport.parkNanos(PAUSE.toNanos());
      }
    }
  }

  private void follow(Consumer<byte[], byte[]> consumer) {
    List<TopicPartition> ofInvalidations = partitionsOf(consumer, invalidations);
    List<TopicPartition> ofEpochs = partitionsOf(consumer, epochs);
    consumer.assign(Stream.concat(ofInvalidations.stream(), ofEpochs.stream()).toList());
    consumer.seekToEnd(ofInvalidations);
    consumer.seekToBeginning(ofEpochs);
    while (!stopping) {
      try {
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
          accept(record);
        }
        if (interrupted) {
          interrupted = false;
          log.info("Invalidation feed follows again: topic={}", name());
        }
      } catch (OffsetOutOfRangeException e) {
        log.warn("Records were missed: partitions={}", e.partitions());
        beginAnew(consumer, e.partitions());
      }
    }
  }

  private void beginAnew(Consumer<byte[], byte[]> consumer, Collection<TopicPartition> partitions) {
    for (TopicPartition partition : partitions) {
      if (partition.topic().equals(invalidations.name())) {
        lose(partition.partition());
        consumer.seekToEnd(List.of(partition));
      } else {
        consumer.seekToBeginning(List.of(partition));
      }
    }
  }

  private static List<TopicPartition> partitionsOf(
      Consumer<byte[], byte[]> consumer, Topic<?, ?> topic) {
    List<TopicPartition> found = new ArrayList<>();
    consumer
        .partitionsFor(topic.name())
        .forEach(info -> found.add(new TopicPartition(info.topic(), info.partition())));
    if (found.size() != topic.partitions()) {
      throw new IllegalStateException(
          "topic "
              + topic.name()
              + " has "
              + found.size()
              + " partitions; expected "
              + topic.partitions()
              + ": is this the prefix of an installation, and has its pipeline been started?");
    }
    return found;
  }

  private void accept(ConsumerRecord<byte[], byte[]> record) {
    try {
      if (record.topic().equals(epochs.name())) {
        if (epochs.value().deserializer().deserialize(record.topic(), record.value())
            instanceof EpochRaised raised) {
          know(raised);
        }
      } else {
        tell(
            record.partition(),
            record.offset(),
            invalidations.value().deserializer().deserialize(record.topic(), record.value()));
      }
    } catch (UnreadableRecordException e) {
      log.warn(
          "Record cannot be read: topic={} partition={} offset={} reason=\"{}\"",
          record.topic(),
          record.partition(),
          record.offset(),
          e.getMessage());
      if (record.topic().equals(invalidations.name())) {
        // It may have been an invalidation of anything.
        lose(record.partition());
      }
    }
  }

  /** A mark counts only after everybody was told: an answer may rest on it from then on. */
  private void tell(int partition, long offset, @Nullable InvalidationRecord record) {
    if (record instanceof Invalidation invalidation) {
      listeners.forEach(listener -> listener.invalidated(partition, invalidation));
    } else if (record instanceof InvalidationMark carrier) {
      StreamMark mark = carrier.mark();
      if (mark instanceof Watermark watermark) {
        listeners.forEach(listener -> listener.marked(partition, watermark));
        marks.get(partition).add(offset, watermark);
      } else if (mark instanceof EpochRaised raised) {
        listeners.forEach(listener -> listener.raised(partition, raised));
        know(raised);
      } else if (mark instanceof GenerationRaised raised) {
        listeners.forEach(listener -> listener.raised(partition, raised));
      }
    }
  }

  private void know(EpochRaised raised) {
    if (known.put(raised.position().epoch(), raised) == null) {
      clock.readSoon();
    }
  }

  private void lose(int partition) {
    losses.increment();
    marks.get(partition).clear();
    listeners.forEach(listener -> listener.lost(partition));
  }

  private String name() {
    return invalidations.name();
  }

  /** Stops both threads; waits at most 5 s. */
  @Override
  public void close() {
    stopping = true;
    Consumer<byte[], byte[]> consumer = current;
    if (consumer != null) {
      consumer.wakeup();
    }
    LockSupport.unpark(thread);
    clock.close();
    try {
      thread.join(CLOSE_BOUND.toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
