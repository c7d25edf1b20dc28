package dev.hearth.invalidator.lineage;

import dev.hearth.chassis.Component;
import dev.hearth.chassis.metrics.Metric;
import dev.hearth.chassis.metrics.Metrics;
import dev.hearth.schemas.topic.Topics;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndTimestamp;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.WakeupException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Follows the invalidations and the reports of deliveries into the index. It belongs to no group
 * and reads every partition, so that each instance can tell every story; what it has in its files
 * it does not read again, and where there are no files it begins a day back in the topics.
 *
 * <p>It holds up nobody: it has a thread and a consumer of its own, and whatever fails in it (a
 * full disk, a directory that another process has) is tried again later and meanwhile told to those
 * who ask. It is therefore no part of health.
 */
public final class LineageRecorder implements Component {
  private static final Logger LOG = LoggerFactory.getLogger(LineageRecorder.class);
  private static final Duration POLL = Duration.ofMillis(200);
  private static final Duration PAGE_INTERVAL = Duration.ofSeconds(30);
  private static final Duration FIRST_PAUSE = Duration.ofMillis(200);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(30);
  private static final Duration CLOSE_BOUND = Duration.ofSeconds(10);

  private final Path directory;
  private final LineageLimits limits;
  private final Supplier<KafkaConsumer<byte[], byte[]>> consumers;
  private final Function<String, String> topicIds;
  private final Metrics metrics;
  private final Clock clock;
  private final Records records;
  private final String invalidations;
  private final String applied;
  private final List<TopicPartition> partitions;
  private final Map<Integer, Instant> completeTo = new HashMap<>();

  private volatile boolean stopping;
  private volatile Optional<LineageIndex> index = Optional.empty();
  private volatile String state = "it has not started";
  private volatile Progress progress = Progress.UNKNOWN;
  private volatile @Nullable KafkaConsumer<byte[], byte[]> running;
  private volatile @Nullable Thread thread;
  private volatile long diskBytes;
  private Duration pause = FIRST_PAUSE;

  /**
   * Wires a recorder.
   *
   * @param directory of its own
   * @param diskBytes most that its files take; 0 records nothing
   * @param consumers make a consumer without a group, commits or resets
   * @param topicIds asks the broker for a topic's id
   */
  public LineageRecorder(
      Path directory,
      long diskBytes,
      Topics topics,
      Supplier<KafkaConsumer<byte[], byte[]>> consumers,
      Function<String, String> topicIds,
      Metrics metrics,
      Clock clock) {
    this.directory = directory;
    this.limits = LineageLimits.ofDisk(diskBytes);
    this.consumers = consumers;
    this.topicIds = topicIds;
    this.metrics = metrics;
    this.clock = clock;
    this.records = new Records(topics);
    this.invalidations = topics.invalidations().name();
    this.applied = topics.applied().name();
    this.partitions =
        Stream.concat(
                IntStream.range(0, topics.invalidations().partitions())
                    .mapToObj(partition -> new TopicPartition(invalidations, partition)),
                IntStream.range(0, topics.applied().partitions())
                    .mapToObj(partition -> new TopicPartition(applied, partition)))
            .toList();
  }

  @Override
  public String name() {
    return "lineage";
  }

  @Override
  public void start() {
    if (limits.diskBytes() == 0) {
      state = "it is not recorded, for lineage.diskMegabytes is 0";
      return;
    }
    metrics.gauge(Metric.LINEAGE_BYTES, () -> diskBytes);
    metrics.gauge(Metric.LINEAGE_BEHIND, () -> progress.recordsBehind());
    Thread loop = new Thread(this::run, name());
    loop.setDaemon(true);
    thread = loop;
    loop.start();
  }

  @Override
  public void close() throws InterruptedException {
    stopping = true;
    KafkaConsumer<byte[], byte[]> consumer = running;
    if (consumer != null) {
      consumer.wakeup();
    }
    Thread loop = thread;
    if (loop != null) {
      LockSupport.unpark(loop);
      loop.join(CLOSE_BOUND.toMillis());
    }
  }

  LineageLimits limits() {
    return limits;
  }

  Progress progress() {
    return progress;
  }

  /**
   * Reads what is recorded.
   *
   * @throws LineageUnavailableException with the reason, where that cannot be done now
   */
  <T> T read(Function<Recorded, T> question) {
    return index.orElseThrow(() -> new LineageUnavailableException(state)).read(question);
  }

  private void run() {
    while (!stopping) {
      try (KafkaConsumer<byte[], byte[]> consumer = consumers.get()) {
        running = consumer;
        follow(consumer);
      } catch (WakeupException | InterruptException e) {
        LOG.debug("woken to stop");
      } catch (RuntimeException | LinkageError e) {
        // Lineage explains; nothing may depend on it.
        String reason = "the recorder was interrupted (" + e.getMessage() + ") and tries again";
        if (!reason.equals(state)) {
          LOG.warn("recording of lineage interrupted directory={}", directory, e);
        }
        state = reason;
        rest();
      } finally {
        running = null;
      }
    }
    state = "it has stopped";
  }

  private void rest() {
    if (!stopping) {
      LockSupport.parkNanos(pause.toNanos());
    }
    Duration twice = pause.multipliedBy(2);
    pause = twice.compareTo(LONGEST_PAUSE) < 0 ? twice : LONGEST_PAUSE;
  }

  private void follow(KafkaConsumer<byte[], byte[]> consumer) {
    consumer.assign(partitions);
    Map<String, String> ids = new HashMap<>();
    ids.put(invalidations, topicIds.apply(invalidations));
    ids.put(applied, topicIds.apply(applied));
    try (LineageIndex opened = open(consumer, ids)) {
      index = Optional.of(opened);
      LOG.info("recording lineage directory={} diskBytes={}", directory, limits.diskBytes());
      try {
        record(consumer, opened);
      } finally {
        index = Optional.empty();
        opened.flush();
      }
    } catch (OffsetOutOfRangeException e) {
      LOG.warn("lineage begins anew, for the log does not hold {}", e.offsetOutOfRangePartitions());
      LineageIndex.destroy(directory);
    }
  }

  private void record(KafkaConsumer<byte[], byte[]> consumer, LineageIndex opened) {
    completeTo.clear();
    long written = System.nanoTime();
    while (!stopping) {
      ConsumerRecords<byte[], byte[]> polled = consumer.poll(POLL);
      List<Records.Read> read = new ArrayList<>(polled.count());
      polled.forEach(record -> read.add(records.read(record)));
      opened.update(page -> read.forEach(each -> each.addTo(page)));
      read.forEach(each -> each.complete(completeTo));
      metrics.counter(Metric.LINEAGE_RECORDS).increment(read.size());
      progress =
          new Progress(completeTo, behind(consumer, invalidations), behind(consumer, applied));
      long now = System.nanoTime();
      if (opened.isDue() || now - written > PAGE_INTERVAL.toNanos()) {
        opened.flush();
        diskBytes = opened.diskBytes();
        written = now;
        pause = FIRST_PAUSE;
      }
    }
  }

  private long behind(KafkaConsumer<byte[], byte[]> consumer, String topic) {
    return partitions.stream()
        .filter(partition -> partition.topic().equals(topic))
        .mapToLong(partition -> consumer.currentLag(partition).orElse(0))
        .sum();
  }

  /** Opens the index, and puts the consumer where it goes on. */
  private LineageIndex open(KafkaConsumer<byte[], byte[]> consumer, Map<String, String> ids) {
    LineageIndex opened = LineageIndex.open(directory, limits);
    boolean usable = false;
    try {
      boolean known =
          ids.entrySet().stream()
              .allMatch(id -> opened.topicId(id.getKey()).equals(Optional.of(id.getValue())));
      if (known) {
        partitions.forEach(
            partition ->
                consumer.seek(
                    partition, opened.next(place(partition)).orElseThrow(this::incomplete)));
        usable = true;
        return opened;
      }
    } finally {
      if (!usable) {
        opened.close();
      }
    }
    LineageIndex.destroy(directory);
    return begin(consumer, ids);
  }

  private LineageUnavailableException incomplete() {
    return new LineageUnavailableException(
        "directory " + directory + " lacks a place to go on from; remove it");
  }

  private LineageIndex begin(KafkaConsumer<byte[], byte[]> consumer, Map<String, String> ids) {
    Instant from = clock.instant().minus(limits.horizon());
    Map<TopicPartition, Long> times = new HashMap<>();
    partitions.forEach(partition -> times.put(partition, from.toEpochMilli()));
    // The end first: what comes after it is not among what is too old.
    Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
    Map<TopicPartition, OffsetAndTimestamp> found = consumer.offsetsForTimes(times);
    Map<TopicPartition, Long> begins = consumer.beginningOffsets(partitions);
    Map<Page.Place, Long> next = new HashMap<>();
    Map<Integer, Instant> since = new HashMap<>();
    for (TopicPartition partition : partitions) {
      Beginning beginning =
          Beginning.decide(
              from,
              begins.getOrDefault(partition, 0L),
              ends.getOrDefault(partition, 0L),
              Optional.ofNullable(found.get(partition))
                  .map(at -> new Beginning(at.offset(), Instant.ofEpochMilli(at.timestamp()))));
      next.put(place(partition), beginning.offset());
      consumer.seek(partition, beginning.offset());
      if (partition.topic().equals(invalidations)) {
        since.put(partition.partition(), beginning.since());
      }
    }
    LineageIndex opened = LineageIndex.open(directory, limits);
    boolean begun = false;
    try {
      opened.begin(ids, next, since);
      begun = true;
      return opened;
    } finally {
      if (!begun) {
        opened.close();
      }
    }
  }

  private static Page.Place place(TopicPartition partition) {
    return new Page.Place(partition.topic(), partition.partition());
  }
}
