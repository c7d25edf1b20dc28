package dev.hearth.invalidator.derivation;

import dev.hearth.schemas.change.ChangeRecord;
import dev.hearth.schemas.invalidation.Invalidation;
import dev.hearth.schemas.invalidation.InvalidationRecord;
import dev.hearth.schemas.key.KeySlot;
import dev.hearth.schemas.position.StreamMark;
import dev.hearth.schemas.topic.Topic;
import dev.hearth.schemas.topic.Topics;
import java.time.Clock;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.processor.StreamPartitioner;
import org.apache.kafka.streams.state.Stores;

/**
 * Changes to invalidations.
 *
 * <pre>
 *                                              ┌─▶ invalidations   keys to the partition of their slot,
 *  changes ─▶ derive (rules; each cache's life;┤                   marks to every partition
 *                     rows as far as needed)   ├─▶ epochs          generations, compacted
 *                                              ├─▶ snapshots       which rows are asked for
 *                                              └─▶ dead-letters    what could not be read or handled
 * </pre>
 */
public final class InvalidationTopology {
  /** The store of what is remembered of each cache. */
  public static final String CACHES = "caches";

  /** The store of rows, see {@link KnownRows}; on disk, since it can be as large as the tables. */
  public static final String ROWS = "rows";

  static final String CHANGES = "changes";
  static final String DERIVE = "derive";
  static final String INVALIDATIONS = "invalidations";
  static final String EPOCHS = "epochs";
  static final String SNAPSHOTS = "snapshots";
  static final String DEAD_LETTERS = "dead-letters";

  private InvalidationTopology() {}

  /** What is counted; called by the stream's thread. */
  public interface Listener {
    void derived(Duration captureToDerive);

    void generationRaised(String cache, String reason);

    void deadLetter();
  }

  /**
   * The topology.
   *
   * @param rows what is known of rows, for each task
   * @param missed whether the log has lost changes that were not derived yet; asked by each task as
   *     it begins
   */
  public static Topology build(
      Topics topics,
      Rules rules,
      KnownRows.Opening rows,
      BooleanSupplier missed,
      Listener listener,
      Clock clock) {
    Topic<String, ChangeRecord> changes = topics.changes();
    Topic<String, InvalidationRecord> invalidations = topics.invalidations();
    Topic<String, StreamMark> epochs = topics.epochs();
    Topology topology = new Topology();
    topology.addSource(
        CHANGES,
        Serdes.ByteArray().deserializer(),
        Serdes.ByteArray().deserializer(),
        changes.name());
    topology.addProcessor(
        DERIVE,
        () ->
            new DerivationProcessor(
                rules,
                rows,
                missed,
                changes.value().deserializer(),
                changes.name(),
                listener,
                clock),
        CHANGES);
    topology.addStateStore(
        Stores.keyValueStoreBuilder(
            Stores.inMemoryKeyValueStore(CACHES), Serdes.String(), Serdes.String()),
        DERIVE);
    topology.addStateStore(
        Stores.keyValueStoreBuilder(
            Stores.persistentKeyValueStore(ROWS), Serdes.Bytes(), Serdes.ByteArray()),
        DERIVE);
    topology.addSink(
        INVALIDATIONS,
        invalidations.name(),
        invalidations.key().serializer(),
        invalidations.value().serializer(),
        new BySlot(),
        DERIVE);
    topology.addSink(
        EPOCHS, epochs.name(), epochs.key().serializer(), epochs.value().serializer(), DERIVE);
    topology.addSink(
        SNAPSHOTS,
        topics.snapshots().name(),
        topics.snapshots().key().serializer(),
        topics.snapshots().value().serializer(),
        DERIVE);
    topology.addSink(
        DEAD_LETTERS,
        topics.deadLetters().name(),
        Serdes.ByteArray().serializer(),
        Serdes.ByteArray().serializer(),
        DERIVE);
    return topology;
  }

  /** Keys to the partition of their slot; marks, which concern everybody, to all partitions. */
  static final class BySlot implements StreamPartitioner<String, InvalidationRecord> {
    @Override
    public Optional<Set<Integer>> partitions(
        String topic, String key, InvalidationRecord value, int partitions) {
      return value instanceof Invalidation invalidation
          ? Optional.of(Set.of(KeySlot.partitionOf(invalidation.key(), partitions)))
          : Optional.of(
              IntStream.range(0, partitions).boxed().collect(Collectors.toUnmodifiableSet()));
    }
  }
}
