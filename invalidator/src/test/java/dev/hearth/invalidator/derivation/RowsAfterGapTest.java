package dev.hearth.invalidator.derivation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.invalidator.StoredRowsOpening;
import dev.hearth.schemas.change.ChangeEvent;
import dev.hearth.schemas.change.ChangeMark;
import dev.hearth.schemas.change.ChangeRecord;
import dev.hearth.schemas.change.Operation;
import dev.hearth.schemas.change.RowImage;
import dev.hearth.schemas.change.SnapshotEnd;
import dev.hearth.schemas.change.SnapshotRequest;
import dev.hearth.schemas.change.SnapshotRow;
import dev.hearth.schemas.invalidation.Invalidation;
import dev.hearth.schemas.position.GenerationRaised;
import dev.hearth.schemas.position.Position;
import dev.hearth.schemas.position.Watermark;
import dev.hearth.schemas.topic.Topics;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.processor.api.MockProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.Stores;
import org.junit.jupiter.api.Test;

/** Rows that were known before the log lost changes: any of them may be another by now. */
class RowsAfterGapTest {
  private static final Instant NOW = Instant.parse("2026-11-23T12:00:00Z");
  private static final Clock CLOCK = Clock.fixed(NOW, ZoneOffset.UTC);
  private static final String CATEGORY = "public.category";
  private static final String PRODUCT = "public.product";

  private final Topics topics = new Topics("hearth");
  private final Rules rules =
      Rules.compile(
          ShopRules.config(
              ShopRules.CACHES,
              """
                - table: public.category
                  through: { table: public.product, on: "category_id = id" }
                  keys: [ "product:{product.id}" ]
              """));
  private final KeyValueStore<String, String> caches =
      Stores.keyValueStoreBuilder(
              Stores.inMemoryKeyValueStore(InvalidationTopology.CACHES),
              Serdes.String(),
              Serdes.String())
          .withLoggingDisabled()
          .build();
  private final KeyValueStore<Bytes, byte[]> rows =
      Stores.keyValueStoreBuilder(
              Stores.inMemoryKeyValueStore(InvalidationTopology.ROWS),
              Serdes.Bytes(),
              Serdes.ByteArray())
          .withLoggingDisabled()
          .build();
  private final List<SnapshotRequest> requests = new ArrayList<>();
  private int snapshots;
  private long transactions;
  private MockProcessorContext<Object, Object> context = new MockProcessorContext<>();
  private DerivationProcessor processor = start(false);

  @Test
  void areForgottenAndAskedForAgain() {
    process(0, "", new ChangeMark(new Watermark(new Position(1, 1), 1, NOW)));
    answer(1, product("10"));
    assertThat(process(3, CATEGORY + ":10", category("10"))).containsExactly("product:1");

    // The product moves to category 11, and nobody derives it before the log loses it.
    processor = start(true);

    assertThat(process(6, CATEGORY + ":11", category("11")))
        .contains("void product log-gap")
        .contains("void product unknown-value");
    assertThat(process(7, CATEGORY + ":10", category("10")))
        .as("until the rows are read again")
        .containsExactly("void product unknown-value");
    answer(8, product("11"));
    assertThat(process(10, CATEGORY + ":11", category("11"))).containsExactly("product:1");
    assertThat(process(11, CATEGORY + ":10", category("10"))).isEmpty();
  }

  @Test
  void areKeptInAStartWithoutAGap() {
    process(0, "", new ChangeMark(new Watermark(new Position(1, 1), 1, NOW)));
    answer(1, product("10"));

    processor = start(false);

    assertThat(process(3, CATEGORY + ":10", category("10"))).containsExactly("product:1");
  }

  private DerivationProcessor start(boolean missed) {
    context = new MockProcessorContext<>();
    for (KeyValueStore<?, ?> store : List.of(caches, rows)) {
      if (!store.isOpen()) {
        store.init(context.getStateStoreContext(), store);
      }
      context.addStateStore(store);
    }
    DerivationProcessor started =
        new DerivationProcessor(
            rules,
            StoredRowsOpening.of(rules, () -> "snapshot-" + snapshots++, CLOCK),
            () -> missed,
            topics.changes().value().deserializer(),
            topics.changes().name(),
            new Silent(),
            CLOCK);
    started.init(context);
    return started;
  }

  /** Answers the latest request with one row, at an offset and the next. */
  private void answer(long offset, Map<String, String> row) {
    assertThat(requests).isNotEmpty();
    SnapshotRequest request = requests.get(requests.size() - 1);
    assertThat(request.table()).isEqualTo(PRODUCT);
    process(offset, PRODUCT + ":1", new SnapshotRow(request.id(), PRODUCT, new RowImage(row)));
    process(offset + 1, PRODUCT, new SnapshotEnd(request.id(), PRODUCT, request.columns()));
  }

  private static Map<String, String> product(String category) {
    return Map.of("id", "1", "category_id", category);
  }

  /** An update in a transaction of its own. */
  private ChangeEvent category(String id) {
    return new ChangeEvent(
        CATEGORY,
        Operation.UPDATE,
        new RowImage(Map.of("id", id)),
        new RowImage(Map.of("id", id)),
        ++transactions,
        200,
        new Position(1, 200),
        NOW,
        NOW);
  }

  /** Keys, and caches that were voided. */
  private List<String> process(long offset, String key, ChangeRecord record) {
    context.setRecordMetadata(topics.changes().name(), 0, offset);
    processor.process(
        new Record<>(
            key.getBytes(StandardCharsets.UTF_8),
            topics.changes().value().serializer().serialize(topics.changes().name(), record),
            0));
    context
        .forwarded(InvalidationTopology.SNAPSHOTS)
        .forEach(forwarded -> requests.add((SnapshotRequest) forwarded.record().value()));
    List<String> touched = new ArrayList<>();
    for (MockProcessorContext.CapturedForward<?, ?> forwarded :
        context.forwarded(InvalidationTopology.INVALIDATIONS)) {
      if (forwarded.record().value() instanceof Invalidation invalidation) {
        touched.add(invalidation.key());
      }
    }
    for (MockProcessorContext.CapturedForward<?, ?> forwarded :
        context.forwarded(InvalidationTopology.EPOCHS)) {
      GenerationRaised raised = (GenerationRaised) forwarded.record().value();
      if (raised.cache().equals("product")) {
        touched.add("void product " + raised.reason());
      }
    }
    context.resetForwards();
    return touched;
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
