package dev.hearth.invalidator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.invalidator.derivation.InvalidationTopology;
import dev.hearth.invalidator.derivation.Rules;
import dev.hearth.invalidator.derivation.ShopRules;
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
import dev.hearth.schemas.position.EpochRaised;
import dev.hearth.schemas.position.GenerationRaised;
import dev.hearth.schemas.position.Position;
import dev.hearth.schemas.position.SourceIdentity;
import dev.hearth.schemas.position.Watermark;
import dev.hearth.schemas.topic.Topics;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.TestInputTopic;
import org.apache.kafka.streams.TestOutputTopic;
import org.apache.kafka.streams.TopologyTestDriver;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Old values that the log does not carry, through the topology and its store on disk. */
class StoredRowsTest {
  private static final Instant NOW = Instant.parse("2026-11-23T08:00:00Z");
  private static final String TABLE = "public.product";
  private static final String RULES =
      """
        - { table: public.product, keys: [ "product:{id}", "category:{category_id}" ] }
        - { table: public.price, columns: [ amount ], keys: [ "product:{product_id}" ] }
      """;

  private final Topics topics = new Topics("hearth");
  private final List<String> unknown = new ArrayList<>();
  private TopologyTestDriver driver;
  private TestInputTopic<byte[], byte[]> changes;
  private TestOutputTopic<String, InvalidationRecord> invalidations;
  private TestOutputTopic<String, SnapshotRequest> snapshots;
  private int id;
  private long lsn = 100;

  @BeforeEach
  void start(@TempDir Path directory) {
    Rules rules = Rules.compile(ShopRules.config(ShopRules.CACHES, RULES));
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
                StoredRows.opening(rules, new Heard(), () -> "snapshot-" + id++, clock),
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
    send("", new ChangeMark(new Watermark(new Position(1, 1), 1, NOW)));
    touched();
  }

  @AfterEach
  void stop() {
    driver.close();
  }

  @Test
  void asksForTheRowsOfATableWhoseLogLacksOldValuesAndVoidsUntilTheyAreThere() {
    update(TABLE, "1", Map.of("id", "1"), product(1, 20));

    assertThat(touched()).containsExactly("product:1", "void category unknown-value");
    SnapshotRequest request = snapshots.readValue();
    assertThat(request.table()).isEqualTo(TABLE);
    assertThat(request.columns()).containsExactly("category_id", "id");
    assertThat(unknown).containsExactly("public.product not_stored");

    read(request, product(2, 20));
    end(request);
    update(TABLE, "2", Map.of("id", "2"), product(2, 30));

    assertThat(touched()).containsExactlyInAnyOrder("product:2", "category:20", "category:30");
    assertThat(snapshots.isEmpty()).isTrue();
  }

  @Test
  void followsARowThroughItsChangesAndItsEnd() {
    complete(product(1, 10));
    update(TABLE, "1", Map.of("id", "1"), product(1, 20));
    update(TABLE, "1", Map.of("id", "1"), product(1, 30));
    touched();

    send(TABLE + ":1", change(TABLE, Operation.DELETE, Map.of("id", "1"), Map.of()));

    assertThat(touched()).containsExactlyInAnyOrder("product:1", "category:30");
  }

  @Test
  void takesALargeValueThatDidNotChangeFromTheStore() {
    complete(product(1, 10));

    update(TABLE, "1", Map.of("id", "1"), Map.of("id", "1"));

    assertThat(touched()).containsExactlyInAnyOrder("product:1", "category:10");
  }

  @Test
  void passesOverAnUpdateOfOtherColumnsWithoutOldValuesInTheLog() {
    update("public.price", "7", Map.of("product_id", "7"), price("1.00"));
    SnapshotRequest request = snapshots.readValue();
    assertThat(touched()).as("any column may have changed").containsExactly("product:7");
    send(
        "public.price:7",
        new SnapshotRow(request.id(), "public.price", new RowImage(Map.copyOf(price("1.00")))));
    end(request);

    update("public.price", "7", Map.of("product_id", "7"), price("1.00"));
    assertThat(touched()).isEmpty();

    update("public.price", "7", Map.of("product_id", "7"), price("2.00"));
    assertThat(touched()).containsExactly("product:7");
  }

  @Test
  void voidsForARowThatIsMissingAlthoughTheTableIsComplete() {
    complete(product(1, 10));

    update(TABLE, "5", Map.of("id", "5"), product(5, 20));

    assertThat(touched()).containsExactly("product:5", "void category unknown-value");
    assertThat(unknown).containsExactly("public.product row_missing");
  }

  @Test
  void believesNoStoredRowThatTheLogContradicts() {
    complete(product(1, 10));

    update(TABLE, "1", Map.of("id", "3"), product(1, 20));

    assertThat(touched()).contains("void category unknown-value");
    assertThat(unknown).containsExactly("public.product contradiction");
  }

  @Test
  void storesNothingOfATableWhoseLogCarriesOldRows() {
    update(TABLE, "1", product(1, 10), product(1, 20));

    assertThat(touched()).contains("category:10", "category:20");
    assertThat(snapshots.isEmpty()).isTrue();
    assertThat(driver.getKeyValueStore(InvalidationTopology.ROWS).approximateNumEntries()).isZero();
  }

  @Test
  void knowsNothingMoreAfterANewEpochAndAsksAgainOnceItIsSettled() {
    complete(product(1, 10));

    epoch(2, false);
    assertThat(snapshots.isEmpty()).isTrue();
    update(TABLE, "1", Map.of("id", "1"), product(1, 20));
    assertThat(touched()).contains("void category unknown-value");
    epoch(3, true);

    assertThat(snapshots.readValue().table()).isEqualTo(TABLE);
  }

  @Test
  void hasNoRowsLeftAfterATruncateAndFollowsTheNewOnes() {
    complete(product(1, 10));
    send(TABLE, change(TABLE, Operation.TRUNCATE, Map.of(), Map.of()));
    send(TABLE + ":1", change(TABLE, Operation.INSERT, Map.of(), product(1, 40)));
    touched();

    update(TABLE, "1", Map.of("id", "1"), product(1, 50));

    assertThat(touched()).containsExactlyInAnyOrder("product:1", "category:40", "category:50");
  }

  @Test
  void beginsAnewWhereAChangeDoesNotSayItsRow() {
    complete(product(1, 10));

    send(TABLE, change(TABLE, Operation.UPDATE, Map.of(), Map.of()));

    assertThat(touched())
        .containsExactly("void product unknown-value", "void category unknown-value");
    assertThat(snapshots.readValue().table()).isEqualTo(TABLE);
  }

  @Test
  void beginsAnewWhereAChangeCannotBeRead() {
    complete(product(1, 10));

    changes.pipeInput((TABLE + ":1").getBytes(StandardCharsets.UTF_8), new byte[] {1, 2});

    assertThat(snapshots.readValue().table()).isEqualTo(TABLE);
  }

  private static Map<String, String> product(int id, int category) {
    return Map.of("id", "" + id, "category_id", "" + category);
  }

  private static Map<String, String> price(String amount) {
    return Map.of("product_id", "7", "amount", amount);
  }

  /** As it is once a snapshot of some rows is through. */
  private void complete(Map<String, String> row) {
    update(TABLE, "99", Map.of("id", "99"), product(99, 1));
    SnapshotRequest request = snapshots.readValue();
    read(request, row);
    end(request);
    touched();
    unknown.clear();
  }

  private void read(SnapshotRequest request, Map<String, String> row) {
    send(
        request.table() + ":" + row.get("id"),
        new SnapshotRow(request.id(), request.table(), new RowImage(Map.copyOf(row))));
  }

  private void end(SnapshotRequest request) {
    send(request.table(), new SnapshotEnd(request.id(), request.table(), request.columns()));
  }

  private void update(
      String table, String row, Map<String, String> before, Map<String, String> after) {
    send(table + ":" + row, change(table, Operation.UPDATE, before, after));
  }

  private ChangeEvent change(
      String table, Operation operation, Map<String, String> before, Map<String, String> after) {
    lsn++;
    return new ChangeEvent(
        table,
        operation,
        new RowImage(Map.copyOf(before)),
        new RowImage(Map.copyOf(after)),
        lsn,
        lsn,
        new Position(1, lsn),
        NOW,
        NOW);
  }

  private void epoch(long number, boolean settled) {
    send(
        "",
        new ChangeMark(
            new EpochRaised(
                "slot",
                new Position(number, 1),
                new SourceIdentity("1", 1, "slot", 1, "", Instant.EPOCH),
                settled,
                "restored",
                NOW)));
    touched();
  }

  private void send(String key, ChangeRecord record) {
    changes.pipeInput(
        key.getBytes(StandardCharsets.UTF_8),
        topics.changes().value().serializer().serialize(topics.changes().name(), record));
  }

  /** Keys, and caches that were voided, since the last time. */
  private List<String> touched() {
    List<String> touched = new ArrayList<>();
    for (InvalidationRecord record : invalidations.readValuesToList()) {
      if (record instanceof Invalidation invalidation) {
        touched.add(invalidation.key());
      } else if (record instanceof InvalidationMark mark
          && mark.mark() instanceof GenerationRaised raised) {
        touched.add("void " + raised.cache() + " " + raised.reason());
      }
    }
    return touched.stream().distinct().toList();
  }

  private final class Heard implements Rows.Listener {
    @Override
    public void unknown(String table, String reason) {
      unknown.add(table + " " + reason);
    }

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
