package dev.hearth.invalidator.delivery;

import dev.hearth.chassis.Component;
import dev.hearth.chassis.health.Health;
import dev.hearth.chassis.health.Heartbeat;
import dev.hearth.chassis.health.Readiness;
import dev.hearth.chassis.metrics.Metric;
import dev.hearth.chassis.metrics.Metrics;
import dev.hearth.schemas.codec.UnreadableRecordException;
import dev.hearth.schemas.invalidation.Applied;
import dev.hearth.schemas.invalidation.InvalidationRecord;
import dev.hearth.schemas.topic.Topic;
import dev.hearth.schemas.topic.Topics;
import dev.hearth.store.DeliveryTarget;
import dev.hearth.store.DeliveryTarget.RoundOutcome;
import dev.hearth.store.Round;
import dev.hearth.store.StoreUnavailableException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
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
  private static final Duration COMMIT_INTERVAL = Duration.ofSeconds(1);
  private static final Duration FIRST_PAUSE = Duration.ofMillis(100);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(5);

  private final String store;
  private final Supplier<DeliveryTarget> connect;
  private final StoreCaches caches;
  private final PlainCaches plain;
  private final Topic<String, InvalidationRecord> topic;
  private final KafkaConsumer<byte[], byte[]> consumer;
  private final Supplier<String> topicIds;
  private final Letters letters;
  private final Metrics metrics;
  private final Health health;
  private final Clock clock;
  private final DeliveryMeasures measures;
  private final Replays replays = new Replays();
  private final Reports reports;

  /** Partitions that are assigned and not yet opened in the store: paused. */
  private final Set<TopicPartition> unopened = new HashSet<>();

  private volatile boolean stopping;
  private volatile String state = "not started";
  private volatile boolean open;
  private @Nullable Thread thread;
  private @Nullable DeliveryTarget target;
  private String topicId = "";
  private final Map<TopicPartition, OffsetAndMetadata> commits = new HashMap<>();
  private long lastCommitNanos = System.nanoTime();
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
    this.caches = caches;
    this.plain =
        new PlainCaches(
            store, caches.plain(), plainKeys, topics.invalidations().partitions(), metrics);
    this.topic = topics.invalidations();
    this.consumer = consumer;
    this.topicIds = topicIds;
    this.letters = letters;
    this.metrics = metrics;
    this.health = health;
    this.clock = clock;
    this.measures = new DeliveryMeasures(store, metrics);
    this.reports = new Reports(store);
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
      consumer.subscribe(List.of(topic.name()), new Assignments());
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
      beginReplays();
      openPartitions();
      if (target != null) {
        reopen(plain.deleteAgain(target));
      }
      ConsumerRecords<byte[], byte[]> records = consumer.poll(POLL);
      if (!records.isEmpty()) {
        apply(records);
      }
      if (unopened.isEmpty()) {
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
    closeForReopening(consumer.assignment());
    if (!stopping) {
      LockSupport.parkNanos(pause.toNanos());
    }
    Duration twice = pause.multipliedBy(2);
    pause = twice.compareTo(LONGEST_PAUSE) < 0 ? twice : LONGEST_PAUSE;
  }

  private void closeForReopening(Collection<TopicPartition> partitions) {
    unopened.addAll(partitions);
    consumer.pause(partitions);
    partitions.forEach(partition -> plain.close(partition.partition()));
  }

  private void beginReplays() {
    Set<Integer> wanted = replays.takeRequested();
    List<TopicPartition> assigned =
        consumer.assignment().stream()
            .filter(partition -> wanted.contains(partition.partition()))
            .toList();
    if (!assigned.isEmpty()) {
      LOG.info("replay asked for store={} partitions={}", store, assigned);
      closeForReopening(assigned);
    }
  }

  private void openPartitions() {
    if (unopened.isEmpty()) {
      return;
    }
    DeliveryTarget connected = target == null ? connect() : target;
    topicId = topicIds.get();
    List<TopicPartition> partitions = List.copyOf(unopened);
    Set<Integer> withoutPosition = new HashSet<>();
    for (TopicPartition partition : partitions) {
      if (!open(connected, partition)) {
        withoutPosition.add(partition.partition());
      }
    }
    partitions.forEach(unopened::remove);
    consumer.resume(partitions);
    reopen(plain.emptyWithoutRecord(connected, withoutPosition));
    open = true;
    state = "applying to " + store;
  }

  private DeliveryTarget connect() {
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

  /** Returns whether the store could tell where to go on. */
  private boolean open(DeliveryTarget connected, TopicPartition partition) {
    Optional<DeliveryTarget.Resume> resume = connected.open(partition.partition());
    List<TopicPartition> only = List.of(partition);
    long begin = consumer.beginningOffsets(only).getOrDefault(partition, 0L);
    long end = consumer.endOffsets(only).getOrDefault(partition, 0L);
    LogPosition position =
        replays.voids(partition.partition())
            ? new LogPosition.TooOld("asked for, since the log does not reach back so far")
            : LogPosition.decide(resume, topicId, begin, end);
    if (position instanceof LogPosition.After after) {
      consumer.seek(partition, replays.from(partition.partition(), after.offset() + 1));
    } else {
      replays.voided(partition.partition());
      if (position instanceof LogPosition.TooOld voided) {
        LOG.warn(
            "store voided store={} partition={} reason=\"{}\"",
            store,
            partition.partition(),
            voided.reason());
        connected.abandon(partition.partition());
      }
      consumer.seek(partition, end);
    }
    long from = consumer.position(partition);
    boolean known = position instanceof LogPosition.After;
    plain.open(partition.partition(), known ? resume : Optional.empty(), from - 1);
    LOG.info("partition open store={} partition={} from={}", store, partition.partition(), from);
    return known;
  }

  private void apply(ConsumerRecords<byte[], byte[]> records) {
    DeliveryTarget connected = target;
    if (connected == null) {
      throw new IllegalStateException("records came from a partition that is not open");
    }
    long began = System.nanoTime();
    Map<Integer, RoundBuilder> builders = new LinkedHashMap<>();
    for (ConsumerRecord<byte[], byte[]> record : records) {
      RoundBuilder builder =
          builders.computeIfAbsent(
              record.partition(), partition -> new RoundBuilder(partition, topicId, caches));
      try {
        builder.add(
            record.offset(),
            topic.value().deserializer().deserialize(topic.name(), record.value()));
      } catch (UnreadableRecordException e) {
        quarantine(connected, record, e);
        return;
      }
    }
    List<Round> rounds =
        builders.values().stream().map(builder -> builder.build(plain.resume(builder))).toList();
    Map<Integer, RoundOutcome> outcomes = connected.apply(rounds);
    Instant appliedAt = clock.instant();
    Duration took = Duration.ofNanos(System.nanoTime() - began);
    List<Integer> back = new ArrayList<>();
    for (Round round : rounds) {
      TopicPartition partition = new TopicPartition(topic.name(), round.partition());
      if (outcomes.get(round.partition()) == RoundOutcome.WENT_BACK) {
        back.add(round.partition());
        continue;
      }
      commits.put(partition, new OffsetAndMetadata(round.lastOffset() + 1));
      plain.applied(round);
      RoundBuilder builder = builders.get(round.partition());
      if (replays.isRunning(round.partition())) {
        // How late this is says nothing of how late changes are.
        replays.applied(round.partition(), round.lastOffset());
        continue;
      }
      if (builder != null) {
        measures.applied(builder, appliedAt);
        reports.of(builder, appliedAt, took).ifPresent(letters::applied);
      }
    }
    commit();
    reopen(back);
    reopen(plain.deleteFirst(connected, builders.values()));
  }

  private void reopen(Collection<Integer> partitions) {
    if (!partitions.isEmpty()) {
      List<TopicPartition> back =
          partitions.stream().map(each -> new TopicPartition(topic.name(), each)).toList();
      LOG.warn("store went back store={} partitions={}; replaying", store, back);
      measures.wentBack(partitions);
      closeForReopening(back);
    }
  }

  /** Tells the broker how far this is: for whoever watches the lag. The store says where it is. */
  private void commit() {
    long now = System.nanoTime();
    if (now - lastCommitNanos >= COMMIT_INTERVAL.toNanos()) {
      lastCommitNanos = now;
      consumer.commitAsync(Map.copyOf(commits), null);
      commits.clear();
    }
  }

  /**
   * An invalidation that cannot be read is an invalidation that is lost: the partition is voided in
   * this store, the record kept as a dead letter, and the rest goes on.
   */
  private void quarantine(
      DeliveryTarget connected,
      ConsumerRecord<byte[], byte[]> record,
      UnreadableRecordException failure) {
    LOG.warn(
        "dead letter store={} partition={} offset={} reason=\"{}\"",
        store,
        record.partition(),
        record.offset(),
        failure.getMessage());
    letters.dead(record, String.valueOf(failure.getMessage()));
    metrics.counter(Metric.DEAD_LETTERS, "delivery").increment();
    connected.abandon(record.partition());
    TopicPartition poisoned = new TopicPartition(record.topic(), record.partition());
    Set<TopicPartition> others = new HashSet<>(consumer.assignment());
    others.remove(poisoned);
    // What was polled with it is asked for again, from where the store says.
    closeForReopening(others);
    consumer.seek(poisoned, record.offset() + 1);
    plain.open(record.partition(), Optional.empty(), record.offset());
    reopen(plain.emptyWithoutRecord(connected, Set.of(record.partition())));
  }

  private void closeTarget() {
    DeliveryTarget connected = target;
    target = null;
    if (connected != null) {
      connected.close();
    }
  }

  private final class Assignments implements ConsumerRebalanceListener {
    @Override
    public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
      measures.assigned(numbers(partitions));
      closeForReopening(partitions);
      // A position is needed before the store is asked; nothing is fetched while paused.
      consumer.seekToEnd(partitions);
    }

    @Override
    public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
      unopened.removeAll(partitions);
      measures.revoked(numbers(partitions));
      replays.revoked(numbers(partitions));
      partitions.forEach(partition -> plain.close(partition.partition()));
      commits.keySet().removeAll(partitions);
    }

    private static List<Integer> numbers(Collection<TopicPartition> partitions) {
      return partitions.stream().map(TopicPartition::partition).toList();
    }
  }
}
