package dev.hearth.store.redis;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.hearth.schemas.key.KeySlot;
import dev.hearth.schemas.position.Position;
import dev.hearth.store.CacheKey;
import dev.hearth.store.Cell;
import dev.hearth.store.CellCodec;
import dev.hearth.store.Era;
import dev.hearth.store.FencedProtocol;
import dev.hearth.store.FencedProtocol.Operation;
import dev.hearth.store.FencedProtocol.Outcome;
import dev.hearth.store.FencedProtocol.State;
import dev.hearth.store.FencedProtocol.Transition;
import dev.hearth.store.Lease;
import dev.hearth.store.LeaseToken;
import dev.hearth.store.Meta;
import dev.hearth.store.MetaCodec;
import dev.hearth.store.ReadOutcome;
import dev.hearth.store.TagRead;
import dev.hearth.store.TagToken;
import dev.hearth.store.Value;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * State and operation to state and outcome, for implementations in other languages: every operation
 * on every kind of cell and record, as {@link FencedProtocol} decides it. Bytes are in hexadecimal
 * digits, and so are numbers of 64 bits, which many readers of JSON would round.
 */
final class ConformanceVectors {
  static final CacheKey KEY = new CacheKey("products", "product:1");

  /** Under the same record as the key. */
  static final CacheKey TAG = new CacheKey("categories", "category:4");

  static final LeaseToken HELD = new LeaseToken(0x0123456789ABCDEFL, 0x0011223344556677L);
  static final LeaseToken OTHER = new LeaseToken(-1, 1);
  static final LeaseToken FRESH = new LeaseToken(0x7777777777777777L, 0x1111111111111111L);

  private static final Meta META =
      new Meta(
          0x8000000000000001L,
          new Position(3, 0x16_B374_D848L),
          new Position(3, 0x16_B374_D900L),
          Map.of("products", 4L, "ürün", 9L),
          "zMcNRHrBTJ2mqmnY8zTZrA",
          41);
  private static final Meta NEXT =
      new Meta(
          META.incarnation(),
          new Position(3, 0x16_B374_D900L),
          META.raised(),
          META.generations(),
          META.topicId(),
          42);
  private static final TagToken TOKEN = new TagToken(0x5555555555555555L, 0x6666666666666666L);
  private static final TagToken OTHER_TOKEN = new TagToken(0x5555555555555555L, 7);
  private static final byte[] FOREIGN = "{\"id\": 1}".getBytes(StandardCharsets.UTF_8);
  private static final Value VALUE = Value.of(new byte[] {0, (byte) 0xFF, 0x48, (byte) 0xE1});
  private static final Lease LEASE = FencedProtocol.lease(KEY, HELD, META);
  private static final Lease TAGGED =
      new Lease(HELD, LEASE.applied(), LEASE.raised(), LEASE.era(), List.of(TOKEN));

  /**
   * One vector; absent bytes are null.
   *
   * @param name what the operation is, and what it meets
   */
  record Vector(String name, Bytes before, Operation operation, Bytes after, Outcome outcome) {}

  /** What stands in a store, as bytes. */
  record Bytes(Optional<byte[]> cell, Optional<byte[]> meta) {}

  private ConformanceVectors() {}

  static List<Vector> vectors() {
    List<Vector> vectors = new ArrayList<>();
    operations()
        .forEach(
            (operationName, operation) ->
                metas()
                    .forEach(
                        (metaName, meta) -> {
                          boolean replaces = operation instanceof Operation.ReplaceMeta;
                          if (replaces && metaName.startsWith("foreign")) {
                            // Deleted before anybody compares with it.
                            return;
                          }
                          cells()
                              .forEach(
                                  (cellName, cell) -> {
                                    if (!replaces || cellName.equals("no cell")) {
                                      vectors.add(
                                          vector(
                                              operationName + ": " + cellName + ", " + metaName,
                                              new Bytes(cell, meta),
                                              operation));
                                    }
                                  });
                        }));
    return vectors;
  }

  private static Vector vector(String name, Bytes before, Operation operation) {
    Map<CacheKey, Cell> cells = new LinkedHashMap<>();
    before.cell().ifPresent(bytes -> cells.put(KEY, CellCodec.decode(bytes)));
    State state = new State(cells, before.meta().flatMap(MetaCodec::decode));
    Transition transition = FencedProtocol.apply(state, operation);
    State after = transition.state();
    Optional<byte[]> cell =
        after.cells().equals(state.cells())
            ? before.cell()
            : Optional.ofNullable(after.cells().get(KEY)).map(ConformanceVectors::encode);
    Optional<byte[]> meta =
        after.meta().equals(state.meta()) ? before.meta() : after.meta().map(MetaCodec::encode);
    return new Vector(name, before, operation, new Bytes(cell, meta), transition.outcome());
  }

  private static Map<String, Optional<byte[]>> cells() {
    Map<String, Optional<byte[]>> cells = new LinkedHashMap<>();
    Era era = META.era(KEY.cache());
    cells.put("no cell", Optional.empty());
    cells.put("the lease's marker", Optional.of(CellCodec.marker(HELD)));
    cells.put("another marker", Optional.of(CellCodec.marker(OTHER)));
    cells.put("an entry", Optional.of(entry(era, VALUE)));
    cells.put("an empty entry", Optional.of(entry(era, Value.of(new byte[0]))));
    cells.put("a negative entry", Optional.of(entry(era, Value.absent())));
    cells.put(
        "an entry of an earlier epoch",
        Optional.of(entry(new Era(2, era.incarnation(), era.generation()), VALUE)));
    cells.put(
        "an entry of another incarnation",
        Optional.of(entry(new Era(3, 1, era.generation()), VALUE)));
    cells.put(
        "an entry of an earlier generation",
        Optional.of(entry(new Era(3, era.incarnation(), 3), VALUE)));
    cells.put("an entry under the tag", Optional.of(entry(era, VALUE, TOKEN)));
    cells.put("a negative entry under the tag", Optional.of(entry(era, Value.absent(), TOKEN)));
    cells.put(
        "an entry under another token of the tag", Optional.of(entry(era, VALUE, OTHER_TOKEN)));
    cells.put("an entry under two tags", Optional.of(entry(era, VALUE, TOKEN, OTHER_TOKEN)));
    cells.put("a foreign cell", Optional.of(FOREIGN));
    return cells;
  }

  private static Map<String, Optional<byte[]>> metas() {
    Map<String, Optional<byte[]>> metas = new LinkedHashMap<>();
    metas.put("no record", Optional.empty());
    metas.put("a record", Optional.of(MetaCodec.encode(META)));
    metas.put("foreign bytes as record", Optional.of(FOREIGN));
    return metas;
  }

  private static Map<String, Operation> operations() {
    Map<String, Operation> operations = new LinkedHashMap<>();
    operations.put("get", new Operation.Get(KEY, FRESH));
    tagCells()
        .forEach(
            (name, cell) ->
                operations.put(
                    "get with a tag that has " + name,
                    new Operation.Get(
                        KEY, FRESH, List.of(new TagRead(TAG, cell, Optional.of(META))))));
    operations.put("peek", new Operation.Peek(KEY));
    operations.put("fill", new Operation.Fill(KEY, LEASE, VALUE));
    operations.put("fill with nothing", new Operation.Fill(KEY, LEASE, Value.absent()));
    operations.put("fill under a tag", new Operation.Fill(KEY, TAGGED, VALUE));
    operations.put(
        "fill with nothing under a tag", new Operation.Fill(KEY, TAGGED, Value.absent()));
    operations.put("release", new Operation.Release(KEY, LEASE));
    operations.put("delete", new Operation.Delete(KEY));
    operations.put("first record", new Operation.ReplaceMeta(Optional.empty(), META));
    operations.put("next record", new Operation.ReplaceMeta(Optional.of(META), NEXT));
    operations.put("late record", new Operation.ReplaceMeta(Optional.of(NEXT), NEXT));
    return operations;
  }

  private static Map<String, Optional<Cell>> tagCells() {
    Map<String, Optional<Cell>> cells = new LinkedHashMap<>();
    Era era = META.era(TAG.cache());
    Era earlier = new Era(2, era.incarnation(), era.generation());
    cells.put("a token", Optional.of(new Cell.Entry(era, META.applied(), TOKEN.value())));
    cells.put("no cell", Optional.empty());
    cells.put("a marker", Optional.of(new Cell.Marker(OTHER)));
    cells.put(
        "a token of an earlier epoch",
        Optional.of(new Cell.Entry(earlier, new Position(2, 1), TOKEN.value())));
    cells.put("a value of another length", Optional.of(new Cell.Entry(era, META.applied(), VALUE)));
    return cells;
  }

  private static byte[] entry(Era era, Value value, TagToken... tags) {
    Position stamp = new Position(era.epoch(), 0x16_0000_0001L);
    return CellCodec.entry(new Lease(HELD, stamp, stamp, era, List.of(tags)), value);
  }

  static byte[] encode(Cell cell) {
    if (cell instanceof Cell.Marker marker) {
      return CellCodec.marker(marker.token());
    }
    Cell.Entry entry = (Cell.Entry) cell;
    return CellCodec.entry(
        new Lease(HELD, entry.stamp(), entry.stamp(), entry.era(), entry.tags()), entry.value());
  }

  /** The whole document: one line for each vector, so that a change is seen for what it is. */
  static String document() {
    StringBuilder text = new StringBuilder("{\n\"scripts\": [\n");
    List<String> scripts = new ArrayList<>();
    for (RedisScript script : RedisScript.values()) {
      scripts.add(
          json(ordered("name", script.name(), "sha1", script.digest(), "text", script.text())));
    }
    text.append(String.join(",\n", scripts)).append("\n],\n\"keys\": [\n");
    List<String> keys = new ArrayList<>();
    RedisLayout oneServer = new RedisLayout.OneServer("hearth", 4);
    RedisLayout cluster = new RedisLayout.Slots("hearth", 4);
    for (String key : List.of("product:1", "product:42", "{tenant}:product:1", "a{}b", "ürün:1")) {
      CacheKey cacheKey = new CacheKey("products", key);
      keys.add(
          json(
              ordered(
                  "key",
                  key,
                  "slot",
                  KeySlot.of(key),
                  "partition",
                  KeySlot.partitionOf(key, 4),
                  "meta",
                  text(oneServer.meta(cacheKey)),
                  "metaInCluster",
                  text(cluster.meta(cacheKey)))));
    }
    text.append(String.join(",\n", keys)).append("\n],\n\"operations\": [\n");
    text.append(String.join(",\n", vectors().stream().map(ConformanceVectors::line).toList()));
    return text.append("\n]\n}\n").toString();
  }

  private static String line(Vector vector) {
    return json(
        ordered(
            "name", vector.name(),
            "before", bytes(vector.before()),
            "operation", operation(vector.operation()),
            "after", bytes(vector.after()),
            "outcome", outcome(vector.outcome())));
  }

  private static Map<String, Object> bytes(Bytes bytes) {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("cell", bytes.cell().map(ConformanceVectors::hex).orElse(null));
    map.put("meta", bytes.meta().map(ConformanceVectors::hex).orElse(null));
    return map;
  }

  private static Map<String, Object> operation(Operation operation) {
    if (operation instanceof Operation.Get get) {
      Map<String, Object> arguments = ordered("cache", KEY.cache(), "token", hex(get.token()));
      if (!get.tags().isEmpty()) {
        arguments.put("tags", get.tags().stream().map(ConformanceVectors::tag).toList());
      }
      return ordered("get", arguments);
    }
    if (operation instanceof Operation.Peek) {
      return ordered("peek", ordered("cache", KEY.cache()));
    }
    if (operation instanceof Operation.Fill fill) {
      return ordered("fill", ordered("lease", lease(fill.lease()), "value", value(fill.value())));
    }
    if (operation instanceof Operation.Release release) {
      return ordered("release", ordered("token", hex(release.lease().token())));
    }
    if (operation instanceof Operation.Delete) {
      return ordered("delete", Map.of());
    }
    Operation.ReplaceMeta replace = (Operation.ReplaceMeta) operation;
    return ordered(
        "replaceMeta",
        ordered(
            "expected",
                replace.expected().map(MetaCodec::encode).map(ConformanceVectors::hex).orElse(""),
            "next", hex(MetaCodec.encode(replace.next()))));
  }

  /** The tag's own cell; its record is the key's. */
  private static Map<String, Object> tag(TagRead tag) {
    Map<String, Object> map = ordered("cache", tag.tag().cache(), "key", tag.tag().key());
    map.put(
        "cell",
        tag.cell().map(ConformanceVectors::encode).map(ConformanceVectors::hex).orElse(null));
    return map;
  }

  private static Object outcome(Outcome outcome) {
    if (outcome instanceof Outcome.Read read) {
      return read(read.outcome());
    }
    if (outcome instanceof Outcome.Peeked peeked) {
      return peeked.hit().map(ConformanceVectors::read).orElse("nothing");
    }
    if (outcome instanceof Outcome.Filled filled) {
      return filled.outcome().name();
    }
    return outcome.getClass().getSimpleName();
  }

  private static Object read(ReadOutcome outcome) {
    if (outcome instanceof ReadOutcome.Hit hit) {
      return ordered(
          "Hit",
          ordered(
              "value", value(hit.value()),
              "stamp", position(hit.stamp()),
              "applied", position(hit.applied()),
              "era", era(hit.era())));
    }
    if (outcome instanceof ReadOutcome.TagsMissing missing) {
      return ordered("TagsMissing", missing.tags().stream().map(CacheKey::key).toList());
    }
    if (outcome instanceof ReadOutcome.Granted granted) {
      return ordered("Granted", lease(granted.lease()));
    }
    return outcome.getClass().getSimpleName();
  }

  private static Map<String, Object> lease(Lease lease) {
    Map<String, Object> map =
        ordered(
            "token", hex(lease.token()),
            "applied", position(lease.applied()),
            "raised", position(lease.raised()),
            "era", era(lease.era()));
    if (!lease.tags().isEmpty()) {
      map.put("tags", lease.tags().stream().map(tag -> hex(tag.high()) + hex(tag.low())).toList());
    }
    return map;
  }

  private static Map<String, Object> position(Position position) {
    return ordered("epoch", hex(position.epoch()), "lsn", hex(position.lsn()));
  }

  private static Map<String, Object> era(Era era) {
    return ordered(
        "epoch", hex(era.epoch()),
        "incarnation", hex(era.incarnation()),
        "generation", hex(era.generation()));
  }

  private static Map<String, Object> value(Value value) {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("bytes", value.bytes().map(ConformanceVectors::hex).orElse(null));
    return map;
  }

  private static Map<String, Object> ordered(Object... namesAndValues) {
    Map<String, Object> map = new LinkedHashMap<>();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      map.put((String) namesAndValues[i], namesAndValues[i + 1]);
    }
    return map;
  }

  private static String hex(LeaseToken token) {
    return hex(token.high()) + hex(token.low());
  }

  private static String hex(long number) {
    return HexFormat.of().toHexDigits(number);
  }

  private static String hex(byte[] bytes) {
    return HexFormat.of().formatHex(bytes);
  }

  private static String text(byte[] bytes) {
    return new String(bytes, StandardCharsets.UTF_8);
  }

  private static String json(Object value) {
    try {
      return new ObjectMapper().writeValueAsString(value);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }
}
