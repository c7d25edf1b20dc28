package dev.hearth.guarantees.oracle;

import dev.hearth.guarantees.oracle.Results.CacheKey;
import dev.hearth.sandbox.Wait;
import dev.hearth.schemas.invalidation.Invalidation;
import dev.hearth.schemas.invalidation.InvalidationMark;
import dev.hearth.schemas.invalidation.InvalidationRecord;
import dev.hearth.schemas.position.EpochRaised;
import dev.hearth.schemas.position.GenerationRaised;
import dev.hearth.schemas.position.StreamMark;
import dev.hearth.schemas.position.Watermark;
import dev.hearth.schemas.topic.Topics;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;

/**
 * What the invalidations' topic says, by transaction. Each transaction ends with a row of its own
 * in the probe's table, whose key is in the first partition: a generation between two of these is
 * of the transaction of the second.
 */
final class Invalidated implements AutoCloseable {
  private static final Duration BOUND = Duration.ofSeconds(120);

  private final KafkaConsumer<String, InvalidationRecord> consumer;
  private final int partitions;
  private final long[] watermarks;
  private final Map<Long, Map<CacheKey, List<Invalidation>>> keys = new HashMap<>();
  private final Map<Long, List<GenerationRaised>> generations = new HashMap<>();

  /** Transactions whose last row has come. */
  private final Set<Long> ended = new HashSet<>();

  private final Map<String, Integer> partitionsOfGeneration = new HashMap<>();
  private final Map<String, Long> latest = new HashMap<>();
  private final List<EpochRaised> epochs = new ArrayList<>();
  private List<GenerationRaised> sinceProbe = new ArrayList<>();

  Invalidated(Topics topics, Map<String, Object> kafka) {
    this.partitions = topics.invalidations().partitions();
    this.watermarks = new long[partitions];
    this.consumer =
        new KafkaConsumer<>(
            kafka, new StringDeserializer(), topics.invalidations().value().deserializer());
    List<TopicPartition> all =
        IntStream.range(0, partitions)
            .mapToObj(partition -> new TopicPartition(topics.invalidations().name(), partition))
            .toList();
    consumer.assign(all);
    consumer.seekToBeginning(all);
  }

  /** Waits until the slot's birth is over. */
  void awaitSettledEpoch() {
    await("a settled epoch", () -> epochs.stream().anyMatch(EpochRaised::settled));
  }

  /** Waits until everything that committed at or before an LSN has been derived. */
  void await(long lsn) {
    await(
        "a watermark at " + lsn,
        () -> IntStream.range(0, partitions).allMatch(each -> watermarks[each] >= lsn));
  }

  private void await(String what, BooleanSupplier condition) {
    if (!Wait.until(
        BOUND,
        () -> {
          poll(Duration.ofMillis(5));
          return condition.getAsBoolean();
        })) {
      throw new AssertionError(
          "waited " + BOUND + " for " + what + "; found " + Arrays.toString(watermarks));
    }
  }

  void poll(Duration wait) {
    for (ConsumerRecord<String, InvalidationRecord> record : consumer.poll(wait)) {
      if (record.value() instanceof Invalidation invalidation) {
        take(invalidation);
      } else if (record.value() instanceof InvalidationMark mark) {
        take(mark.mark(), record.partition());
      }
    }
  }

  private void take(Invalidation invalidation) {
    long transaction = invalidation.cause().transaction();
    if (invalidation.cache().equals(Traffic.PROBE)) {
      // After a session that ended in the middle of a transaction, some before it come again. What
      // was voided for its first part is its own all the same, and is not voided again.
      if (ended.add(transaction)) {
        generations.put(transaction, sinceProbe);
        sinceProbe = new ArrayList<>();
      }
      return;
    }
    keys.computeIfAbsent(transaction, id -> new HashMap<>())
        .computeIfAbsent(
            new CacheKey(invalidation.cache(), invalidation.key()), key -> new ArrayList<>())
        .add(invalidation);
  }

  private void take(StreamMark mark, int partition) {
    if (mark instanceof Watermark watermark) {
      watermarks[partition] = watermark.position().lsn();
    } else if (mark instanceof GenerationRaised raised) {
      partitionsOfGeneration.merge(name(raised), 1 << partition, (a, b) -> a | b);
      if (partition == 0) {
        latest.merge(raised.cache(), raised.position().lsn(), Math::max);
        sinceProbe.add(raised);
      }
    } else if (mark instanceof EpochRaised raised && partition == 0) {
      epochs.add(raised);
    }
  }

  /**
   * What a transaction invalidated.
   *
   * @param byEpoch whether a new epoch stands for it: no excuse for one that was streamed
   */
  record Touched(
      Map<CacheKey, List<Invalidation>> keys,
      List<GenerationRaised> generations,
      boolean byEpoch) {}

  /** Takes out what is known of a transaction; everything up to its commit has been awaited. */
  Touched touched(Committed transaction) {
    boolean streamed = generations.containsKey(transaction.id());
    Map<CacheKey, List<Invalidation>> named = keys.remove(transaction.id());
    List<GenerationRaised> raised = generations.remove(transaction.id());
    return new Touched(
        named == null ? Map.of() : named,
        raised == null ? List.of() : raised.stream().filter(this::isEverywhere).toList(),
        !streamed
            && epochs.stream()
                .anyMatch(epoch -> epoch.position().lsn() >= transaction.afterCommit()));
  }

  /** A mark that some partition does not have leaves its keys as they are. */
  private boolean isEverywhere(GenerationRaised raised) {
    return partitionsOfGeneration.getOrDefault(name(raised), 0) == (1 << partitions) - 1;
  }

  /** Waits until a cache is voided at or above an LSN. */
  boolean awaitVoid(String cache, long lsn) {
    return Wait.until(
        BOUND,
        () -> {
          poll(Duration.ofMillis(5));
          return latest.getOrDefault(cache, 0L) >= lsn
              || epochs.stream().anyMatch(epoch -> epoch.position().lsn() >= lsn);
        });
  }

  private static String name(GenerationRaised raised) {
    return raised.cache() + " " + raised.generation();
  }

  @Override
  public void close() {
    consumer.close();
  }
}
