package dev.hearth.invalidator;

import dev.hearth.invalidator.derivation.InvalidationTopology;
import dev.hearth.invalidator.derivation.Rules;
import dev.hearth.invalidator.rows.Rows;
import dev.hearth.schemas.change.ChangeEvent;
import dev.hearth.schemas.change.ChangeMark;
import dev.hearth.schemas.change.ChangeRecord;
import dev.hearth.schemas.change.Operation;
import dev.hearth.schemas.change.RowImage;
import dev.hearth.schemas.change.SnapshotEnd;
import dev.hearth.schemas.change.SnapshotRequest;
import dev.hearth.schemas.change.SnapshotRow;
import dev.hearth.schemas.invalidation.Invalidation;
import dev.hearth.schemas.invalidation.InvalidationMark;
import dev.hearth.schemas.invalidation.InvalidationRecord;
import dev.hearth.schemas.position.GenerationRaised;
import dev.hearth.schemas.position.Position;
import dev.hearth.schemas.position.Watermark;
import dev.hearth.schemas.topic.Topics;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.TestInputTopic;
import org.apache.kafka.streams.TestOutputTopic;
import org.apache.kafka.streams.TopologyTestDriver;
import org.jspecify.annotations.Nullable;

/**
 * A database of a few rows in front of the topology with its store on disk. The log of tables whose
 * rows were asked for carries no old values but the id.
 */
final class JoinDriver implements AutoCloseable {
  private static final Instant NOW = Instant.parse("2026-11-23T08:00:00Z");

  private final Topics topics = new Topics("hearth");
  private final Map<String, Map<String, Map<String, @Nullable String>>> tables =
      new LinkedHashMap<>();
  private final Map<String, SnapshotRequest> requests = new LinkedHashMap<>();
  private final TopologyTestDriver driver;
  private final TestInputTopic<byte[], byte[]> changes;
  private final TestOutputTopic<String, InvalidationRecord> invalidations;
  private final TestOutputTopic<String, SnapshotRequest> snapshots;
  private final TestOutputTopic<byte[], byte[]> deadLetters;
  private int id;
  private long lsn = 100;

  JoinDriver(Rules rules, Path directory) {
    Properties properties = new Properties();
    properties.put(StreamsConfig.APPLICATION_ID_CONFIG, "hearth-invalidator");
    properties.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, "nowhere:9092");
    properties.put(StreamsConfig.STATE_DIR_CONFIG, directory.toString());
    properties.put(StreamsConfig.PROCESSING_EXCEPTION_HANDLER_GLOBAL_ENABLED_CONFIG, true);
    Clock clock = Clock.fixed(NOW, ZoneOffset.UTC);
    driver =
        new TopologyTestDriver(
            InvalidationTopology.build(
                topics,
                rules,
                StoredRows.opening(rules, new SilentRows(), () -> "snapshot-" + id++, clock),
                () -> false,
                new Silent(),
                clock),
            properties,
            NOW);
    changes =
        driver.createInputTopic(
            topics.changes().name(), new ByteArraySerializer(), new ByteArraySerializer());
    invalidations =
        driver.createOutputTopic(
            topics.invalidations().name(),
            topics.invalidations().key().deserializer(),
            topics.invalidations().value().deserializer());
    snapshots =
        driver.createOutputTopic(
            topics.snapshots().name(),
            topics.snapshots().key().deserializer(),
            topics.snapshots().value().deserializer());
    deadLetters =
        driver.createOutputTopic(
            topics.deadLetters().name(), new ByteArrayDeserializer(), new ByteArrayDeserializer());
    send("", new ChangeMark(new Watermark(new Position(1, 1), 1, NOW)));
    touched();
    requested();
  }

  private void requested() {
    if (!snapshots.isEmpty()) {
      snapshots.readValuesToList().forEach(request -> requests.put(request.table(), request));
    }
  }

  /** Tables whose rows were asked for. */
  Map<String, SnapshotRequest> requests() {
    return requests;
  }

  /** Rows by id. */
  Map<String, Map<String, @Nullable String>> rows(String table) {
    return tables.computeIfAbsent(table, name -> new LinkedHashMap<>());
  }

  /** Answers every request. */
  void snapshot() {
    requests.forEach(
        (table, request) -> {
          rows(table)
              .forEach(
                  (row, image) ->
                      send(
                          table + ":" + row,
                          new SnapshotRow(
                              request.id(), table, new RowImage(new LinkedHashMap<>(image)))));
          send(table, new SnapshotEnd(request.id(), table, request.columns()));
        });
    touched();
  }

  /** Inserts, updates, or, without a next image, deletes a row, and tells what is touched. */
  List<String> write(String table, String row, @Nullable Map<String, @Nullable String> next) {
    Map<String, @Nullable String> old = rows(table).get(row);
    if (next == null) {
      rows(table).remove(row);
    } else {
      rows(table).put(row, next);
    }
    Map<String, @Nullable String> before = new LinkedHashMap<>();
    if (old != null) {
      before.putAll(requests.containsKey(table) ? Map.of("id", row) : old);
    }
    Operation operation =
        old == null ? Operation.INSERT : next == null ? Operation.DELETE : Operation.UPDATE;
    lsn++;
    send(table + ":" + row, change(table, operation, before, next == null ? Map.of() : next));
    return touched();
  }

  List<String> truncate(String table) {
    rows(table).clear();
    lsn++;
    send(table, change(table, Operation.TRUNCATE, Map.of(), Map.of()));
    return touched();
  }

  private ChangeEvent change(
      String table,
      Operation operation,
      Map<String, @Nullable String> before,
      Map<String, @Nullable String> after) {
    return new ChangeEvent(
        table,
        operation,
        new RowImage(before),
        new RowImage(after),
        lsn,
        lsn,
        new Position(1, lsn),
        NOW,
        NOW);
  }

  private void send(String key, ChangeRecord record) {
    changes.pipeInput(
        key.getBytes(StandardCharsets.UTF_8),
        topics.changes().value().serializer().serialize(topics.changes().name(), record));
  }

  /** Keys, and caches that were voided, since the last time. */
  List<String> touched() {
    List<String> touched = new ArrayList<>();
    for (Object record : records()) {
      if (record instanceof Invalidation invalidation) {
        touched.add(invalidation.key());
      } else if (record instanceof InvalidationMark mark
          && mark.mark() instanceof GenerationRaised raised) {
        touched.add("void " + raised.cache() + " " + raised.reason());
      }
    }
    return touched.stream().distinct().toList();
  }

  /** Reasons of the dead letters since the last time. */
  List<String> deadLetters() {
    return deadLetters.readRecordsToList().stream()
        .map(letter -> letter.headers().lastHeader("__streams.errors.message").value())
        .map(reason -> new String(reason, StandardCharsets.UTF_8))
        .toList();
  }

  List<InvalidationRecord> records() {
    return invalidations.readValuesToList();
  }

  @Override
  public void close() {
    driver.close();
  }

  private static final class SilentRows implements Rows.Listener {
    @Override
    public void unknown(String table, String reason) {}

    @Override
    public void complete(String table, boolean complete) {}

    @Override
    public void entries(long count) {}
  }

  private static final class Silent implements InvalidationTopology.Listener {
    @Override
    public void derived(Duration captureToDerive) {}

    @Override
    public void generationRaised(String cache, String reason) {}

    @Override
    public void deadLetter() {}
  }
}
