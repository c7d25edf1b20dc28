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
 * The topology with its store of rows on disk, in front of which a test stands as the database, and
 * behind which as whoever reads what is touched.
 */
final class RowsDriver implements AutoCloseable {
  private static final Instant NOW = Instant.parse("2026-11-23T08:00:00Z");

  private final Topics topics = new Topics("hearth");
  private final TopologyTestDriver driver;
  private final TestInputTopic<byte[], byte[]> changes;
  private final TestOutputTopic<String, InvalidationRecord> invalidations;
  private final TestOutputTopic<String, SnapshotRequest> snapshots;
  private final TestOutputTopic<byte[], byte[]> deadLetters;
  private int id;
  private long lsn = 100;

  /** Behind its first record. */
  RowsDriver(Rules rules, Path directory, Rows.Listener listener) {
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
                StoredRows.opening(rules, listener, () -> "snapshot-" + id++, clock),
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
  }

  /** A change of a transaction of its own. */
  ChangeEvent change(
      String table,
      Operation operation,
      Map<String, ? extends @Nullable String> before,
      Map<String, ? extends @Nullable String> after) {
    lsn++;
    return new ChangeEvent(
        table,
        operation,
        new RowImage(new LinkedHashMap<>(before)),
        new RowImage(new LinkedHashMap<>(after)),
        lsn,
        lsn,
        new Position(1, lsn),
        NOW,
        NOW);
  }

  void send(String key, ChangeRecord record) {
    send(key, topics.changes().value().serializer().serialize(topics.changes().name(), record));
  }

  void send(String key, byte[] record) {
    changes.pipeInput(key.getBytes(StandardCharsets.UTF_8), record);
  }

  /** All rows that were asked for have come. */
  void end(SnapshotRequest request) {
    send(request.table(), new SnapshotEnd(request.id(), request.table(), request.columns()));
  }

  /** What the ingest is asked for. */
  TestOutputTopic<String, SnapshotRequest> snapshots() {
    return snapshots;
  }

  /** Keys, and caches that were voided, since the last time. */
  List<String> touched() {
    List<String> touched = new ArrayList<>();
    for (InvalidationRecord record : records()) {
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

  /** How many rows and entries are stored. */
  long stored() {
    return driver.getKeyValueStore(InvalidationTopology.ROWS).approximateNumEntries();
  }

  @Override
  public void close() {
    driver.close();
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
