package dev.hearth.ingest.decode;

import dev.hearth.schemas.change.Operation;
import dev.hearth.schemas.change.RowImage;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.apache.kafka.connect.data.Field;
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
  /** What Debezium puts in place of a large value that an update did not touch. */
  private static final String UNAVAILABLE = "__debezium_unavailable_value";

  /** The same for bytea, which the engine delivers as hexadecimal digits. */
  private static final String UNAVAILABLE_BYTES =
      HexFormat.of().formatHex(UNAVAILABLE.getBytes(StandardCharsets.UTF_8));

  private final Map<String, TableShape> tables;

  public ChangeDecoder(Map<String, TableShape> tables) {
    this.tables = Map.copyOf(tables);
  }

  /** Decodes one record; whatever is wrong with it becomes a {@link Decoded.Refusal}. */
  public Decoded decode(SourceRecord record) {
    if (!(record.value() instanceof Struct envelope)) {
      throw new IllegalArgumentException(
          "the engine delivered a record without a value on " + record.topic());
    }
    Struct source = envelope.getStruct("source");
    long lsn = source.getInt64("lsn");
    Long streamed = source.getInt64("txId");
    long transaction = streamed == null ? 0 : streamed;
    if ("m".equals(envelope.getString("op"))) {
      return new Decoded.Beat(transaction, lsn);
    }
    String table = source.getString("schema") + "." + source.getString("table");
    Instant committedAt = Instant.EPOCH.plus(source.getInt64("ts_us"), ChronoUnit.MICROS);
    TableShape shape = tables.get(table);
    if (shape == null) {
      return new Decoded.Refusal(
          table, "no rule names the table " + table, transaction, lsn, committedAt);
    }
    try {
      return change(envelope, shape, transaction, lsn, committedAt);
    } catch (RuntimeException e) {
      // Whatever it is: a change that cannot be read is refused by name, never skipped.
      return new Decoded.Refusal(
          table, String.valueOf(e.getMessage()), transaction, lsn, committedAt);
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

  private static Decoded change(
      Struct envelope, TableShape shape, long transaction, long lsn, Instant committedAt) {
    Operation operation = operation(envelope.getString("op"));
    Struct beforeStruct =
        envelope.schema().field("before") == null ? null : envelope.getStruct("before");
    Struct afterStruct =
        envelope.schema().field("after") == null ? null : envelope.getStruct("after");
    Set<String> wanted = new TreeSet<>(shape.needed());
    wanted.addAll(shape.primaryKey());
    Map<String, @Nullable String> after =
        afterStruct == null ? new HashMap<>() : columns(afterStruct, wanted);
    Map<String, @Nullable String> before = new LinkedHashMap<>();
    if (Long.compareUnsigned(lsn, shape.identitySince()) < 0) {
      // What a null in the old row means cannot be told: SQL NULL, or not in the log.
      return change(shape, operation, before, after, transaction, lsn, committedAt);
    }
    if (beforeStruct != null) {
      before.putAll(columns(beforeStruct, intersection(wanted, shape.oldColumns())));
    } else if (operation == Operation.UPDATE && !shape.full()) {
      // The log leaves the old key out when the update did not touch it.
      intersection(wanted, shape.oldColumns()).stream()
          .filter(after::containsKey)
          .forEach(column -> before.put(column, after.get(column)));
    }
    if (operation == Operation.UPDATE && shape.full()) {
      // An untouched large value is missing from the new row, but the old row has it.
      before.forEach(
          (column, value) -> {
            if (!after.containsKey(column)) {
              after.put(column, value);
            }
          });
    }
    return change(shape, operation, before, after, transaction, lsn, committedAt);
  }

  private static Decoded.Change change(
      TableShape shape,
      Operation operation,
      Map<String, @Nullable String> before,
      Map<String, @Nullable String> after,
      long transaction,
      long lsn,
      Instant committedAt) {
    Map<String, @Nullable String> identified = after.isEmpty() ? before : after;
    return new Decoded.Change(
        shape.table(),
        recordKey(shape, operation, identified),
        operation,
        image(before, shape.needed()),
        image(after, shape.needed()),
        transaction,
        lsn,
        committedAt);
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

  private static Map<String, @Nullable String> columns(Struct row, Set<String> wanted) {
    Map<String, @Nullable String> values = new LinkedHashMap<>();
    for (String column : wanted) {
      Field field = row.schema().field(column);
      if (field == null) {
        continue;
      }
      String text = ColumnText.of(row, field);
      if (!UNAVAILABLE.equals(text) && !UNAVAILABLE_BYTES.equals(text)) {
        values.put(column, text);
      }
    }
    return values;
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

  private static String recordKey(
      TableShape shape, Operation operation, Map<String, @Nullable String> row) {
    if (operation == Operation.TRUNCATE
        || shape.primaryKey().isEmpty()
        || !row.keySet().containsAll(shape.primaryKey())) {
      return shape.table();
    }
    return shape.table()
        + ":"
        + shape.primaryKey().stream()
            .map(column -> String.valueOf(row.get(column)))
            .collect(Collectors.joining(","));
  }
}
