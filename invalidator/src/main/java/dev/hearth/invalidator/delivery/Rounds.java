package dev.hearth.invalidator.delivery;

import dev.hearth.chassis.metrics.Metric;
import dev.hearth.chassis.metrics.Metrics;
import dev.hearth.schemas.codec.UnreadableRecordException;
import dev.hearth.schemas.invalidation.InvalidationRecord;
import dev.hearth.schemas.topic.Topic;
import dev.hearth.store.DeliveryTarget;
import dev.hearth.store.DeliveryTarget.RoundOutcome;
import dev.hearth.store.Round;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.common.TopicPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Applies what was polled: folds it into a round for each partition, has the store apply them, and
 * notes what became of each. For the delivery's thread.
 */
final class Rounds {
  private static final Logger LOG = LoggerFactory.getLogger(Rounds.class);

  private final String store;
  private final Topic<String, InvalidationRecord> topic;
  private final StoreCaches caches;
  private final AssignedPartitions partitions;
  private final PlainCaches plain;
  private final Replays replays;
  private final GroupOffsets offsets;
  private final DeliveryMeasures measures;
  private final Reports reports;
  private final Delivery.Letters letters;
  private final Metrics metrics;
  private final Clock clock;

  Rounds(
      String store,
      Topic<String, InvalidationRecord> topic,
      StoreCaches caches,
      AssignedPartitions partitions,
      PlainCaches plain,
      Replays replays,
      GroupOffsets offsets,
      DeliveryMeasures measures,
      Delivery.Letters letters,
      Metrics metrics,
      Clock clock) {
    this.store = store;
    this.topic = topic;
    this.caches = caches;
    this.partitions = partitions;
    this.plain = plain;
    this.replays = replays;
    this.offsets = offsets;
    this.measures = measures;
    this.reports = new Reports(store);
    this.letters = letters;
    this.metrics = metrics;
    this.clock = clock;
  }

  /** Applies records; of open partitions alone. */
  void apply(DeliveryTarget target, ConsumerRecords<byte[], byte[]> records) {
    long began = System.nanoTime();
    Map<Integer, RoundBuilder> builders = new LinkedHashMap<>();
    for (ConsumerRecord<byte[], byte[]> record : records) {
      RoundBuilder builder =
          builders.computeIfAbsent(
              record.partition(),
              partition -> new RoundBuilder(partition, partitions.topicId(), caches));
      try {
        builder.add(
            record.offset(),
            topic.value().deserializer().deserialize(topic.name(), record.value()));
      } catch (UnreadableRecordException e) {
        quarantine(target, record, e);
        return;
      }
    }
    List<Round> rounds =
        builders.values().stream().map(builder -> builder.build(plain.resume(builder))).toList();
    Map<Integer, RoundOutcome> outcomes = target.apply(rounds);
    Instant appliedAt = clock.instant();
    Duration took = Duration.ofNanos(System.nanoTime() - began);
    List<Integer> back = new ArrayList<>();
    for (Round round : rounds) {
      if (outcomes.get(round.partition()) == RoundOutcome.WENT_BACK) {
        back.add(round.partition());
      } else {
        applied(round, Optional.ofNullable(builders.get(round.partition())), appliedAt, took);
      }
    }
    offsets.commit();
    partitions.wentBack(back);
    partitions.wentBack(plain.deleteFirst(target, builders.values()));
  }

  private void applied(
      Round round, Optional<RoundBuilder> builder, Instant appliedAt, Duration took) {
    offsets.applied(new TopicPartition(topic.name(), round.partition()), round.lastOffset());
    plain.applied(round);
    if (replays.isRunning(round.partition())) {
      // How late this is says nothing of how late changes are.
      replays.applied(round.partition(), round.lastOffset());
      return;
    }
    builder.ifPresent(
        folded -> {
          measures.applied(folded, appliedAt);
          reports.of(folded, appliedAt, took).ifPresent(letters::applied);
        });
  }

  /**
   * An invalidation that cannot be read is an invalidation that is lost: the partition is voided in
   * this store, the record kept as a dead letter, and the rest goes on.
   */
  private void quarantine(
      DeliveryTarget target,
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
    partitions.voidUpTo(target, record.partition(), record.offset());
  }
}
