package dev.hearth.invalidator.delivery;

import dev.hearth.store.DeliveryTarget;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The partitions that the group gave to a delivery. Each is closed, and paused, until the store has
 * said where to go on in it; and again whenever what was noted of the store may no longer hold. For
 * the delivery's thread.
 */
final class AssignedPartitions implements ConsumerRebalanceListener {
  private static final Logger LOG = LoggerFactory.getLogger(AssignedPartitions.class);

  private final String store;
  private final String topic;
  private final KafkaConsumer<byte[], byte[]> consumer;
  private final Supplier<String> topicIds;
  private final PlainCaches plain;
  private final Replays replays;
  private final GroupOffsets offsets;
  private final DeliveryMeasures measures;
  private final Set<TopicPartition> closed = new HashSet<>();
  private String topicId = "";

  /**
   * For one store; nothing is assigned before {@link #subscribe}.
   *
   * @param topicIds asks the broker for the id of the topic
   */
  AssignedPartitions(
      String store,
      String topic,
      KafkaConsumer<byte[], byte[]> consumer,
      Supplier<String> topicIds,
      PlainCaches plain,
      Replays replays,
      GroupOffsets offsets,
      DeliveryMeasures measures) {
    this.store = store;
    this.topic = topic;
    this.consumer = consumer;
    this.topicIds = topicIds;
    this.plain = plain;
    this.replays = replays;
    this.offsets = offsets;
    this.measures = measures;
  }

  void subscribe() {
    consumer.subscribe(List.of(topic), this);
  }

  @Override
  public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
    measures.assigned(numbers(partitions));
    close(partitions);
    // A position is needed before the store is asked; nothing is fetched while paused.
    consumer.seekToEnd(partitions);
  }

  @Override
  public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
    closed.removeAll(partitions);
    measures.revoked(numbers(partitions));
    replays.revoked(numbers(partitions));
    partitions.forEach(partition -> plain.close(partition.partition()));
    offsets.revoked(partitions);
  }

  private static List<Integer> numbers(Collection<TopicPartition> partitions) {
    return partitions.stream().map(TopicPartition::partition).toList();
  }

  boolean areOpen() {
    return closed.isEmpty();
  }

  /** Of the topic, as it was when a partition was opened last. */
  String topicId() {
    return topicId;
  }

  void closeAll() {
    close(consumer.assignment());
  }

  /** Closes those that a replay was asked for of. */
  void closeForReplay() {
    Set<Integer> wanted = replays.takeRequested();
    List<TopicPartition> assigned =
        consumer.assignment().stream()
            .filter(partition -> wanted.contains(partition.partition()))
            .toList();
    if (!assigned.isEmpty()) {
      LOG.info("replay asked for store={} partitions={}", store, assigned);
      close(assigned);
    }
  }

  /** Closes those in which the store turned out to be older than what was noted of it. */
  void wentBack(Collection<Integer> partitions) {
    if (!partitions.isEmpty()) {
      List<TopicPartition> back =
          partitions.stream().map(each -> new TopicPartition(topic, each)).toList();
      LOG.warn("store went back store={} partitions={}; replaying", store, back);
      measures.wentBack(partitions);
      close(back);
    }
  }

  private void close(Collection<TopicPartition> partitions) {
    closed.addAll(partitions);
    consumer.pause(partitions);
    partitions.forEach(partition -> plain.close(partition.partition()));
  }

  /** Opens all that are closed, each where the store says. */
  void open(DeliveryTarget target) {
    topicId = topicIds.get();
    List<TopicPartition> partitions = List.copyOf(closed);
    Set<Integer> withoutPosition = new HashSet<>();
    for (TopicPartition partition : partitions) {
      if (!open(target, partition)) {
        withoutPosition.add(partition.partition());
      }
    }
    partitions.forEach(closed::remove);
    consumer.resume(partitions);
    wentBack(plain.emptyWithoutRecord(target, withoutPosition));
  }

  /** Returns whether the store could tell where to go on. */
  private boolean open(DeliveryTarget target, TopicPartition partition) {
    Optional<DeliveryTarget.Resume> resume = target.open(partition.partition());
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
        target.abandon(partition.partition());
      }
      consumer.seek(partition, end);
    }
    long from = consumer.position(partition);
    boolean known = position instanceof LogPosition.After;
    plain.open(partition.partition(), known ? resume : Optional.empty(), from - 1);
    LOG.info("partition open store={} partition={} from={}", store, partition.partition(), from);
    return known;
  }

  /**
   * Voids a partition in the store and goes on in it behind an offset. What was polled with that of
   * other partitions is asked for again, from where the store says.
   */
  void voidUpTo(DeliveryTarget target, int partition, long offset) {
    target.abandon(partition);
    TopicPartition voided = new TopicPartition(topic, partition);
    Set<TopicPartition> others = new HashSet<>(consumer.assignment());
    others.remove(voided);
    close(others);
    consumer.seek(voided, offset + 1);
    plain.open(partition, Optional.empty(), offset);
    wentBack(plain.emptyWithoutRecord(target, Set.of(partition)));
  }
}
