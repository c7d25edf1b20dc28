package dev.hearth.guarantees.oracle;

import dev.hearth.schemas.change.ChangeEvent;
import dev.hearth.schemas.change.ChangeRecord;
import dev.hearth.schemas.change.Operation;
import dev.hearth.schemas.change.RowImage;
import dev.hearth.schemas.topic.Topic;
import dev.hearth.schemas.topic.Topics;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import org.apache.kafka.clients.consumer.ConsumerInterceptor;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;

/**
 * Stands between the changes' topic and the derivation, and takes one protection away: shows that
 * the comparison can fail. Only the main consumer of Kafka Streams is given it.
 */
public final class Sabotage implements ConsumerInterceptor<byte[], byte[]> {
  private static final String KIND = "hearth.sabotage";

  private static final Topic<String, ChangeRecord> CHANGES = new Topics("any").changes();

  /** What is taken away. */
  enum Kind {
    /** The old row is taken to be the new one: what a key was before a move is not looked at. */
    OLD_ROW_IGNORED,
    /** No TRUNCATE arrives. */
    TRUNCATE_IGNORED,
    /** An update of key columns alone does not arrive: what a filter would do that ignores them. */
    MOVED_KEY_FILTERED,
    /** A row that went is not looked at. */
    DELETE_IGNORED
  }

  private Function<ChangeEvent, Optional<ChangeEvent>> tampering = Optional::of;

  /** Properties of Kafka that put it in its place. */
  static Map<String, String> properties(Kind kind) {
    return Map.of("main.consumer.interceptor.classes", Sabotage.class.getName(), KIND, kind.name());
  }

  @Override
  public void configure(Map<String, ?> properties) {
    tampering =
        switch (Kind.valueOf(String.valueOf(properties.get(KIND)))) {
          case OLD_ROW_IGNORED ->
              event ->
                  Optional.of(
                      event.operation() == Operation.UPDATE ? with(event, event.after()) : event);
          case TRUNCATE_IGNORED ->
              event -> Optional.of(event).filter(is -> is.operation() != Operation.TRUNCATE);
          case MOVED_KEY_FILTERED ->
              event ->
                  Optional.of(event)
                      .filter(is -> is.operation() != Operation.UPDATE || !movesOnly(is));
          case DELETE_IGNORED ->
              event -> Optional.of(event).filter(is -> is.operation() != Operation.DELETE);
        };
  }

  private static ChangeEvent with(ChangeEvent event, RowImage before) {
    return new ChangeEvent(
        event.table(),
        event.operation(),
        before,
        event.after(),
        event.transaction(),
        event.changeLsn(),
        event.position(),
        event.committedAt(),
        event.capturedAt());
  }

  /** Whether references moved and nothing else is known to have changed. */
  private static boolean movesOnly(ChangeEvent event) {
    List<String> changed =
        event.after().columns().keySet().stream()
            .filter(event.before()::knows)
            .filter(
                column ->
                    !Objects.equals(event.before().value(column), event.after().value(column)))
            .toList();
    return !changed.isEmpty() && changed.stream().allMatch(column -> column.matches("r\\d"));
  }

  @Override
  public ConsumerRecords<byte[], byte[]> onConsume(ConsumerRecords<byte[], byte[]> records) {
    Map<TopicPartition, List<ConsumerRecord<byte[], byte[]>>> kept = new LinkedHashMap<>();
    for (TopicPartition partition : records.partitions()) {
      List<ConsumerRecord<byte[], byte[]>> some = new ArrayList<>();
      records.records(partition).forEach(record -> tamper(record).ifPresent(some::add));
      kept.put(partition, some);
    }
    return new ConsumerRecords<>(kept, records.nextOffsets());
  }

  private Optional<ConsumerRecord<byte[], byte[]>> tamper(ConsumerRecord<byte[], byte[]> record) {
    if (!record.topic().endsWith(".changes")
        || !(CHANGES.value().deserializer().deserialize(record.topic(), record.value())
            instanceof ChangeEvent event)) {
      return Optional.of(record);
    }
    return tampering
        .apply(event)
        .map(
            other ->
                new ConsumerRecord<>(
                    record.topic(),
                    record.partition(),
                    record.offset(),
                    record.timestamp(),
                    record.timestampType(),
                    record.serializedKeySize(),
                    record.serializedValueSize(),
                    record.key(),
                    CHANGES.value().serializer().serialize(record.topic(), other),
                    record.headers(),
                    record.leaderEpoch()));
  }

  @Override
  public void onCommit(Map<TopicPartition, OffsetAndMetadata> offsets) {}

  @Override
  public void close() {}
}
