package dev.hearth.invalidator.lineage;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.hearth.schemas.invalidation.Invalidation;
import dev.hearth.schemas.position.EpochRaised;
import dev.hearth.schemas.position.GenerationRaised;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One event of a key's story; what does not apply to its kind is left out. Never a value of a row.
 *
 * @param kind invalidation, generation, epoch or unreadable
 * @param at commit on the database's clock, or when it was raised
 * @param partition of the invalidations, where it stands at {@code offset}
 * @param row key of the row
 * @param rule path in the configuration that was in force then
 * @param reason of a generation or an epoch, or why a record could not be read
 * @param stores what became of it in each store of the cache
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
record Happening(
    String kind,
    Instant at,
    @Nullable String position,
    int partition,
    long offset,
    @Nullable String table,
    @Nullable String row,
    @Nullable Long transaction,
    @Nullable String rule,
    @Nullable Instant capturedAt,
    @Nullable Instant derivedAt,
    @Nullable Long generation,
    @Nullable String reason,
    List<Delivered> stores) {

  static Happening of(
      Invalidation told, int partition, LoggedRecord record, List<Delivered> stores) {
    return new Happening(
        "invalidation",
        told.committedAt(),
        told.position().toString(),
        partition,
        record.offset(),
        told.cause().table(),
        told.cause().row(),
        told.cause().transaction(),
        told.cause().rule(),
        told.capturedAt(),
        told.derivedAt(),
        null,
        null,
        stores);
  }

  static Happening of(
      GenerationRaised told, int partition, LoggedRecord record, List<Delivered> stores) {
    return new Happening(
        "generation",
        told.raisedAt(),
        told.position().toString(),
        partition,
        record.offset(),
        null,
        null,
        null,
        null,
        null,
        null,
        told.generation(),
        told.reason(),
        stores);
  }

  static Happening of(
      EpochRaised told, int partition, LoggedRecord record, List<Delivered> stores) {
    return new Happening(
        "epoch",
        told.raisedAt(),
        told.position().toString(),
        partition,
        record.offset(),
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        told.reason(),
        stores);
  }

  static Happening unreadable(
      String reason, int partition, LoggedRecord record, List<Delivered> stores) {
    return new Happening(
        "unreadable",
        Instant.ofEpochMilli(record.timestampMillis()),
        null,
        partition,
        record.offset(),
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        reason,
        stores);
  }
}
