package dev.hearth.invalidator.delivery;

import dev.hearth.chassis.Component;
import dev.hearth.chassis.health.Health;
import dev.hearth.chassis.health.Heartbeat;
import dev.hearth.chassis.health.Readiness;
import dev.hearth.chassis.metrics.Metric;
import dev.hearth.chassis.metrics.Metrics;
import dev.hearth.schemas.invalidation.Applied;
import dev.hearth.schemas.invalidation.InvalidationRecord;
import dev.hearth.schemas.topic.Topic;
import dev.hearth.schemas.topic.Topics;
import dev.hearth.store.DeliveryTarget;
import dev.hearth.store.StoreUnavailableException;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.WakeupException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Applies the invalidations to one store: poll, fold, apply, commit. Where to go on after a start,
 * a rebalance or a failure is asked of the store itself, never of Kafka's group: so a store that
 * went back is brought up to date, and nothing is counted as applied that the store has lost. The
 * group's offsets are committed for those who watch its lag.
 *
 * <p>A store that is slow or down holds up nobody else: each has a loop, a thread and a group of
 * its own.
 */
public final class Delivery implements Component {
  private static final Logger LOG = LoggerFactory.getLogger(Delivery.class);
  private static final Duration POLL = Duration.ofMillis(200);
  private static final Duration LOOP_BOUND = Duration.ofSeconds(60);
  private static final Duration CLOSE_BOUND = Duration.ofSeconds(10);
  private static final Duration FIRST_PAUSE = Duration.ofMillis(100);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(5);

  private final String store;
  private final Supplier<DeliveryTarget> connect;
  private final KafkaConsumer<byte[], byte[]> consumer;
  private final Metrics metrics;
  private final Health health;
  private final Clock clock;
  private final DeliveryMeasures measures;
  private final Replays replays = new Replays();
  private final PlainCaches plain;
  private final AssignedPartitions partitions;
  private final Rounds rounds;
  private volatile boolean stopping;
  private volatile String state = "not started";
  private volatile boolean open;
  private @Nullable Thread thread;
  private @Nullable DeliveryTarget target;
  private Duration pause = FIRST_PAUSE;

  /** Where dead letters and reports go; called by the loop's thread. */
  public interface Letters {
    /** Publishes what could not be read, and waits until it is safe there. */
    void dead(ConsumerRecord<byte[], byte[]> record, String reason);

    /** Tells what was applied; may be lost. */
    void applied(Applied applied);
  }

  /**
   * Lists what stands in the store; called by the loop's thread, only where there are plain caches.
   */
  @FunctionalInterface
  public interface PlainKeys {
    /**
     * Keys of a cache; to be closed.
     *
     * @param prefix that all its keys begin with
     * @throws StoreUnavailableException also while it is read
     */
    Stream<String> of(String cache, String prefix);
  }

  /**
   * Wires a delivery.
   *
   * @param store name of the store
   * @param connect opens a connection to the store; throws where it cannot be reached
   * @param caches that the store holds
   * @param plainKeys what stands in its plain caches
   * @param consumer not yet subscribed, without automatic commits or resets; taken over
   * @param topicIds asks the broker for the id of the invalidations topic
   */
  public Delivery(
      String store,
      Supplier<DeliveryTarget> connect,
      StoreCaches caches,
      PlainKeys plainKeys,
      Topics topics,
      KafkaConsumer<byte[], byte[]> consumer,
      Supplier<String> topicIds,
      Letters letters,
      Metrics metrics,
      Health health,
      Clock clock) {
    this.store = store;
    this.connect = connect;
    this.consumer = consumer;
    this.metrics = metrics;
    this.health = health;
    this.clock = clock;
    this.measures = new DeliveryMeasures(store, metrics);
    Topic<String, InvalidationRecord> topic = topics.invalidations();
    this.plain = new PlainCaches(store, caches.plain(), plainKeys, topic.partitions(), metrics);
    GroupOffsets offsets = new GroupOffsets(consumer);
    this.partitions =
        new AssignedPartitions(
            store, topic.name(), consumer, topicIds, plain, replays, offsets, measures);
    this.rounds =
        new Rounds(
            store,
            topic,
            caches,
            partitions,
            plain,
            replays,
            offsets,
            measures,
            letters,
            metrics,
            clock);
  }

  @Override
  public String name() {
    return "delivery-" + store;
  }

  @Override
  public void start() {
    Heartbeat heartbeat = health.heartbeat(name(), LOOP_BOUND);
    health.readiness(
        name(),
        () -> open ? Readiness.ready(state + replays.sentence()) : Readiness.notReady(state));
    metrics.gauge(Metric.WATERMARK_AGE, () -> measures.ageSeconds(clock.instant()), store);
    Thread loop = new Thread(() -> run(heartbeat), name());
    loop.setDaemon(true);
    thread = loop;
    loop.start();
  }

  @Override
  public void close() throws InterruptedException {
    stopping = true;
    consumer.wakeup();
    Thread loop = thread;
    if (loop != null) {
      loop.join(CLOSE_BOUND.toMillis());
    }
  }

  /** Name of the store. */
  public String store() {
    return store;
  }

  /**
   * Applies again what the log holds, which is safe at any time; for any thread.
   *
   * @param from by partition, the first offset; negative: the partition is voided instead
   * @param to by partition, behind the last
   * @return why not; empty where it has begun
   */
  public Optional<String> replay(Map<Integer, Long> from, Map<Integer, Long> to) {
    return replays.request(from, to, measures.partitions());
  }

  /** How far the last replay is, by partition; for any thread. */
  public <T> List<T> replays(ReplayView<T> view) {
    return replays.all().stream()
        .map(
            each ->
                view.of(
                    each.partition(),
                    each.from(),
                    each.to(),
                    each.at(),
                    each.state().name().toLowerCase(Locale.ROOT)))
        .toList();
  }

  /** How one partition's replay is shown. */
  @FunctionalInterface
  public interface ReplayView<T> {
    T of(int partition, long from, long to, long at, String state);
  }

  private void run(Heartbeat heartbeat) {
    try {
      partitions.subscribe();
      while (!stopping) {
        heartbeat.beat();
        turn();
      }
    } catch (WakeupException | InterruptException e) {
      LOG.debug("woken to stop store={}", store);
    } finally {
      open = false;
      state = "stopped";
      closeTarget();
      consumer.close(CLOSE_BOUND);
      heartbeat.close();
    }
  }

  /** One turn: whatever fails in it, the affected partitions are asked for anew in the next one. */
  private void turn() {
    try {
      partitions.closeForReplay();
      if (!partitions.areOpen()) {
        partitions.open(connected());
        open = true;
        state = "applying to " + store;
      }
      if (target != null) {
        partitions.wentBack(plain.deleteAgain(target));
      }
      ConsumerRecords<byte[], byte[]> records = consumer.poll(POLL);
      if (!records.isEmpty()) {
        rounds.apply(opened(), records);
      }
      if (partitions.areOpen()) {
        pause = FIRST_PAUSE;
      }
    } catch (StoreUnavailableException e) {
      retry(e.getMessage());
      closeTarget();
    } catch (OffsetOutOfRangeException e) {
      retry("the log does not hold offsets " + e.offsetOutOfRangePartitions());
    } catch (WakeupException | InterruptException e) {
      throw e;
    } catch (KafkaException e) {
      retry("Kafka: " + e.getMessage());
    }
  }

  private void retry(@Nullable String reason) {
    if (open) {
      LOG.warn("delivery interrupted store={} reason=\"{}\"", store, reason);
    }
    open = false;
    state = "interrupted: " + reason;
    partitions.closeAll();
    if (!stopping) {
      LockSupport.parkNanos(pause.toNanos());
    }
    Duration twice = pause.multipliedBy(2);
    pause = twice.compareTo(LONGEST_PAUSE) < 0 ? twice : LONGEST_PAUSE;
  }

  /** The store; connects to it where that is lost. */
  private DeliveryTarget connected() {
    if (target != null) {
      return target;
    }
    try {
      DeliveryTarget connected = connect.get();
      target = connected;
      return connected;
    } catch (StoreUnavailableException e) {
      throw e;
    } catch (RuntimeException e) {
      throw new StoreUnavailableException(
          "store " + store + " cannot be reached: " + e.getMessage(), e);
    }
  }

  private DeliveryTarget opened() {
    if (target == null) {
      throw new IllegalStateException("records came from a partition that is not open");
    }
    return target;
  }

  private void closeTarget() {
    DeliveryTarget connected = target;
    target = null;
    if (connected != null) {
      connected.close();
    }
  }
}
