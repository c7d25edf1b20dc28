package dev.hearth.ingest.decode;

import dev.hearth.schemas.change.Operation;
import dev.hearth.schemas.change.RowImage;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.stream.Collectors;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.source.SourceRecord;
import org.jspecify.annotations.Nullable;

/**
 * Debezium's source records to changes: straight from the Connect struct, no JSON on the way. Pure;
 * thread-safe.
 *
 * <p>What the log does not carry is left out of an image rather than guessed: old values of columns
 * outside the replica identity, and large values that an update did not touch.
 */
public final class ChangeDecoder {
  /**
   * What the engine is to put in place of a large value that an update did not touch. Drawn anew by
   * each process: the engine's own placeholder is a text that anybody can store in a row, and a row
   * that gets it would count as untouched.
   */
  public static final String UNAVAILABLE = "untouched-" + UUID.randomUUID() + UUID.randomUUID();

  private final Map<String, TableShape> tables;
  private final Map<String, String> unusable;

  /**
   * A decoder of the tables that rules name.
   *
   * @param unusable tables that the rules do not fit just now, with the reason
   */
  public ChangeDecoder(Map<String, TableShape> tables, Map<String, String> unusable) {
    this.tables = Map.copyOf(tables);
    this.unusable = Map.copyOf(unusable);
  }

  /**
   * Decodes one record; whatever is wrong with it becomes a {@link Decoded.Refusal}. Two changes
   * come of an update that gives a row another identity: one row goes, another comes.
   */
  public List<Decoded> decode(SourceRecord record) {
    if (!(record.value() instanceof Struct envelope)) {
      throw new IllegalArgumentException(
          "the engine delivered a record without a value on " + record.topic());
    }
    Struct source = envelope.getStruct("source");
    long lsn = source.getInt64("lsn");
    Long streamed = source.getInt64("txId");
    long transaction = streamed == null ? 0 : streamed;
    if ("m".equals(envelope.getString("op"))) {
      return List.of(new Decoded.Beat(transaction, lsn));
    }
    String table = source.getString("schema") + "." + source.getString("table");
    Instant committedAt = Instant.EPOCH.plus(source.getInt64("ts_us"), ChronoUnit.MICROS);
    TableShape shape = tables.get(table);
    if (shape == null) {
      return List.of(
          new Decoded.Refusal(
              table,
              unusable.getOrDefault(table, "no rule names the table " + table),
              transaction,
              lsn,
              committedAt));
    }
    try {
      return changes(envelope, shape, new Place(transaction, lsn, committedAt));
    } catch (RuntimeException e) {
      // Whatever it is: a change that cannot be read is refused by name, never skipped.
      return List.of(
          new Decoded.Refusal(
              table, String.valueOf(e.getMessage()), transaction, lsn, committedAt));
    }
  }

  /**
   * How far the log has surely been streamed when a record arrives: everything whose commit record
   * ends at or before this LSN came earlier. The engine confirms a slot up to the last commit
   * record before a record, which can be above the LSNs of a long transaction's rows that follow
   * it.
   */
  public static long streamedUpTo(SourceRecord record, Decoded decoded) {
    return record.sourceOffset().get("lsn_commit") instanceof Long committed
            && Long.compareUnsigned(committed, decoded.lsn()) > 0
        ? committed
        : decoded.lsn();
  }

  /**
   * To where the slot may be confirmed once this record and all before it are published: the last
   * commit before the record, and before the first of a stream the record's own place.
   */
  public static long confirmable(SourceRecord record) {
    Map<String, ?> offset = record.sourceOffset();
    if (offset.get("lsn_commit") instanceof Long committed) {
      return committed;
    }
    return offset.get("lsn_proc") instanceof Long processed ? processed : 0;
  }

  /** Where in the log a change stands. */
  private record Place(long transaction, long lsn, Instant committedAt) {}

  private static List<Decoded> changes(Struct envelope, TableShape shape, Place place) {
    Operation operation = operation(envelope.getString("op"));
    if (operation == Operation.TRUNCATE) {
      return List.of(change(shape, Optional.empty(), operation, Map.of(), Map.of(), place));
    }
    RowReader reader = new RowReader(shape);
    Optional<Struct> oldRow = row(envelope, "before", reader);
    Optional<Struct> newRow = row(envelope, "after", reader);
    Map<String, @Nullable String> after =
        newRow.isEmpty() ? new HashMap<>() : reader.read(newRow.get(), reader.wanted());
    if (Long.compareUnsigned(place.lsn(), shape.identitySince()) < 0) {
      // What a null in the old row means cannot be told: SQL NULL, or not in the log. Nor what the
      // absence of an old row means, and so which row an update was of.
      return List.of(
          change(
              shape,
              operation == Operation.INSERT ? key(shape, after) : Optional.empty(),
              operation,
              Map.of(),
              after,
              place));
    }
    Map<String, @Nullable String> before = before(oldRow, operation, shape, reader, after);
    if (operation != Operation.UPDATE) {
      return List.of(
          change(
              shape,
              key(shape, operation == Operation.INSERT ? after : before),
              operation,
              before,
              after,
              place));
    }
    // An untouched large value is missing from the new row, but the old row may have it.
    before.forEach(
        (column, value) -> {
          if (!after.containsKey(column)) {
            after.put(column, value);
          }
        });
    Optional<String> oldKey = key(shape, before);
    Optional<String> newKey = key(shape, after);
    if (oldKey.isPresent() && newKey.isPresent() && !oldKey.equals(newKey)) {
      return List.of(
          change(shape, oldKey, Operation.DELETE, before, Map.of(), place),
          change(shape, newKey, Operation.INSERT, Map.of(), after, place));
    }
    return List.of(
        change(
            shape, oldKey.isPresent() ? newKey : oldKey, Operation.UPDATE, before, after, place));
  }

  private static Optional<Struct> row(Struct envelope, String name, RowReader reader) {
    if (envelope.schema().field(name) == null) {
      return Optional.empty();
    }
    Optional<Struct> row = Optional.ofNullable(envelope.getStruct(name));
    row.ifPresent(present -> reader.requireWanted(present.schema()));
    return row;
  }

  private static Map<String, @Nullable String> before(
      Optional<Struct> oldRow,
      Operation operation,
      TableShape shape,
      RowReader reader,
      Map<String, @Nullable String> after) {
    Map<String, @Nullable String> before = new LinkedHashMap<>();
    Set<String> known = intersection(reader.wanted(), shape.oldColumns());
    if (oldRow.isPresent()) {
      before.putAll(reader.read(oldRow.get(), known));
      if (!shape.full()) {
        // What identifies a row is never null: it was not in the log.
        before.values().removeIf(Objects::isNull);
      }
    } else if (operation == Operation.UPDATE && !shape.full()) {
      // The log leaves the old identity out when the update did not touch it.
      known.stream()
          .filter(after::containsKey)
          .forEach(column -> before.put(column, after.get(column)));
    }
    return before;
  }

  private static Optional<String> key(TableShape shape, Map<String, @Nullable String> row) {
    return RecordKey.of(shape.table(), shape.identity(), row);
  }

  private static Decoded.Change change(
      TableShape shape,
      Optional<String> key,
      Operation operation,
      Map<String, @Nullable String> before,
      Map<String, @Nullable String> after,
      Place place) {
    return new Decoded.Change(
        shape.table(),
        key.orElse(RecordKey.of(shape.table())),
        operation,
        image(before, shape.needed()),
        image(after, shape.needed()),
        place.transaction(),
        place.lsn(),
        place.committedAt());
  }

  private static Operation operation(String code) {
    return switch (code) {
      case "c", "r" -> Operation.INSERT;
      case "u" -> Operation.UPDATE;
      case "d" -> Operation.DELETE;
      case "t" -> Operation.TRUNCATE;
      default ->
          throw new IllegalArgumentException(
              "the operation \"" + code + "\" is not known; expected c, u, d, t or m");
    };
  }

  private static Set<String> intersection(Set<String> one, Set<String> other) {
    return one.stream().filter(other::contains).collect(Collectors.toCollection(TreeSet::new));
  }

  private static RowImage image(Map<String, @Nullable String> values, Set<String> needed) {
    Map<String, @Nullable String> kept = new LinkedHashMap<>();
    values.forEach(
        (column, value) -> {
          if (needed.contains(column)) {
            kept.put(column, value);
          }
        });
    return new RowImage(kept);
  }
}
