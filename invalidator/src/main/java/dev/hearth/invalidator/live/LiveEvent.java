package dev.hearth.invalidator.live;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.hearth.schemas.codec.UnreadableRecordException;
import dev.hearth.schemas.invalidation.Invalidation;
import dev.hearth.schemas.invalidation.InvalidationMark;
import dev.hearth.schemas.invalidation.InvalidationRecord;
import dev.hearth.schemas.position.EpochRaised;
import dev.hearth.schemas.position.GenerationRaised;
import dev.hearth.schemas.topic.Topic;
import java.time.Instant;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;

/**
 * One event for listeners; what does not apply to its kind is left out. Immutable.
 *
 * @param kind invalidation, generation, epoch or unreadable
 * @param cache that it concerns; left out where it is every cache
 * @param at commit on the database's clock, or when it was raised
 * @param offset in {@code partition} of the invalidations
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
record LiveEvent(
    String kind,
    @Nullable String cache,
    @Nullable String key,
    @Nullable String position,
    Instant at,
    @Nullable String table,
    @Nullable String row,
    @Nullable Long transaction,
    @Nullable String rule,
    @Nullable String reason,
    int partition,
    long offset) {

  /**
   * What a record tells; empty for marks that void nothing, and for the copies that every partition
   * has of those that do.
   */
  static Optional<LiveEvent> of(
      Topic<String, InvalidationRecord> topic, ConsumerRecord<byte[], byte[]> record) {
    InvalidationRecord value;
    try {
      value = topic.value().deserializer().deserialize(topic.name(), record.value());
    } catch (UnreadableRecordException e) {
      return Optional.of(
          voiding(
              "unreadable",
              null,
              null,
              Instant.ofEpochMilli(record.timestamp()),
              String.valueOf(e.getMessage()),
              record));
    }
    if (value instanceof Invalidation told) {
      return Optional.of(
          new LiveEvent(
              "invalidation",
              told.cache(),
              told.key(),
              told.position().toString(),
              told.committedAt(),
              told.cause().table(),
              told.cause().row(),
              told.cause().transaction(),
              told.cause().rule(),
              null,
              record.partition(),
              record.offset()));
    }
    if (record.partition() != 0 || !(value instanceof InvalidationMark mark)) {
      return Optional.empty();
    }
    if (mark.mark() instanceof GenerationRaised raised) {
      return Optional.of(
          voiding(
              "generation",
              raised.cache(),
              raised.position().toString(),
              raised.raisedAt(),
              raised.reason(),
              record));
    }
    if (mark.mark() instanceof EpochRaised raised) {
      return Optional.of(
          voiding(
              "epoch",
              null,
              raised.position().toString(),
              raised.raisedAt(),
              raised.reason(),
              record));
    }
    return Optional.empty();
  }

  private static LiveEvent voiding(
      String kind,
      @Nullable String cache,
      @Nullable String position,
      Instant at,
      String reason,
      ConsumerRecord<byte[], byte[]> record) {
    return new LiveEvent(
        kind,
        cache,
        null,
        position,
        at,
        null,
        null,
        null,
        null,
        reason,
        record.partition(),
        record.offset());
  }

  /** For the {@code id:} of server-sent events. */
  String id() {
    return partition + ":" + offset;
  }

  boolean concerns(Optional<String> wanted) {
    return cache == null || wanted.isEmpty() || wanted.get().equals(cache);
  }
}
