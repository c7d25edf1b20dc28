package dev.hearth.invalidator.derivation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.schemas.change.ChangeEvent;
import dev.hearth.schemas.change.ChangeMark;
import dev.hearth.schemas.change.ChangeRecord;
import dev.hearth.schemas.change.Operation;
import dev.hearth.schemas.change.RowImage;
import dev.hearth.schemas.position.EpochRaised;
import dev.hearth.schemas.position.GenerationRaised;
import dev.hearth.schemas.position.Position;
import dev.hearth.schemas.position.SourceIdentity;
import dev.hearth.schemas.position.Watermark;
import dev.hearth.schemas.topic.Topics;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.processor.api.MockProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.Stores;
import org.junit.jupiter.api.Test;

/** What the derivation remembers over a stop, and what it does the second time. */
class DerivationProcessorTest {
  private static final Instant NOW = Instant.parse("2026-11-23T08:00:00Z");

  private final Topics topics = new Topics("hearth");
  private boolean missed;
  private final Rules rules = ShopRules.rules();
  private final Rules changed =
      Rules.compile(
          ShopRules.config(
              ShopRules.CACHES, ShopRules.RULES.replace("[ amount ]", "[ amount, note ]")));

  @Test
  void givesEveryCacheAGenerationWhereNoRulesAreRemembered() {
    Run first = new Run(rules, Map.of());

    first.watermark(0, 5);

    assertThat(first.raised())
        .containsExactly(
            "product rules-changed 5", "category rules-changed 5", "stock rules-changed 5");
    assertThat(first.raisedAt(1, 6)).isEmpty();
  }

  @Test
  void raisesNothingWhereTheSameRulesGoOn() {
    Map<String, String> memory = memoryAfter(rules, 7);

    assertThat(new Run(rules, memory).raisedAt(8, 20)).isEmpty();
  }

  @Test
  void givesANewGenerationToJustTheCachesWhoseRulesChanged() {
    Map<String, String> memory = memoryAfter(rules, 7);

    Run next = new Run(changed, memory);

    assertThat(next.raisedAt(8, 20)).containsExactly("product rules-changed 20");
    assertThat(next.raisedAt(9, 21)).isEmpty();
    assertThat(new Run(rules, next.memory()).raisedAt(10, 22))
        .as("back to the old ones")
        .containsExactly("product rules-changed 22");
  }

  /** The changelog and the invalidations are written side by side: either may get lost alone. */
  @Test
  void raisesAgainWhenTheRecordThatRaisedWasNotCommitted() {
    Map<String, String> memory = memoryAfter(rules, 7);
    Run killed = new Run(changed, memory);
    killed.watermark(8, 20);
    killed.watermark(9, 21);

    assertThat(new Run(changed, killed.memory()).raisedAt(8, 20))
        .containsExactly("product rules-changed 20");
    assertThat(new Run(changed, killed.memory()).raisedAt(9, 21)).isEmpty();
  }

  @Test
  void givesEveryCacheAGenerationWhereTheLogHasLostWhatNobodyDerived() {
    Map<String, String> memory = memoryAfter(rules, 7);
    missed = true;
    Run next = new Run(rules, memory);

    assertThat(next.raisedAt(12, 20))
        .containsExactly("product log-gap 20", "category log-gap 20", "stock log-gap 20");
    assertThat(next.raisedAt(13, 21)).isEmpty();
  }

  @Test
  void raisesForGarbageAtTheNextPositionAlsoAfterAStop() {
    Run killed = new Run(rules, memoryAfter(rules, 7));
    killed.garbage(8, "public.price:1");
    assertThat(killed.raised()).containsExactly("product poison 0");

    Run next = new Run(rules, killed.memory());

    assertThat(next.raisedAt(9, 30)).containsExactly("product poison 30");
    assertThat(new Run(rules, next.memory()).raisedAt(9, 30))
        .as("not committed")
        .containsExactly("product poison 30");
    assertThat(new Run(rules, next.memory()).raisedAt(10, 31)).isEmpty();
  }

  @Test
  void aConditionThatFailsOnAValueIsADeadLetterAndVoidsTheCacheOfItsRule() {
    Rules conditional =
        Rules.compile(
            ShopRules.config(
                ShopRules.CACHES,
                ShopRules.RULES.replace(
                    "columns: [ amount ]", "columns: [ amount ], when: after.amount > 5")));
    Run run = new Run(conditional, memoryAfter(conditional, 7));

    run.price(8, 20, "five");

    assertThat(run.raised()).containsExactly("product condition-failed 20");
    assertThat(run.deadLetters)
        .containsExactly("rules[1].when: after.amount has a value that is not a number");
    assertThat(run.raisedAt(9, 30)).as("the rest goes on").isEmpty();

    Run again = new Run(conditional, run.memory());
    again.price(8, 20, "five");

    assertThat(again.raised()).as("again").containsExactly("product condition-failed 20");
    assertThat(again.deadLetters).hasSize(1);
  }

  @Test
  void voidsACacheOnceForATransactionWhoseChangesWereAllVisibleBeforeTheFirstOne() {
    Run run = new Run(rules, memoryAfter(rules, 7));

    run.changeOfWhichNothingIsKnown(8, 20, 77);
    run.changeOfWhichNothingIsKnown(9, 21, 77);
    run.changeOfWhichNothingIsKnown(10, 22, 78);
    run.changeOfWhichNothingIsKnown(11, 23, 77);

    assertThat(run.raised())
        .containsExactly(
            "product unknown-value 20", "product unknown-value 22", "product unknown-value 23");
  }

  @Test
  void voidsACacheForEachChangeOfNoTransaction() {
    Run run = new Run(rules, memoryAfter(rules, 7));

    run.changeOfWhichNothingIsKnown(8, 20, ChangeEvent.NO_TRANSACTION);
    run.changeOfWhichNothingIsKnown(9, 21, ChangeEvent.NO_TRANSACTION);

    assertThat(run.raised())
        .containsExactly("product unknown-value 20", "product unknown-value 21");
  }

  @Test
  void voidsACacheAgainForTheSameNumberOfATransactionInANewEpoch() {
    Run run = new Run(rules, memoryAfter(rules, 7));

    run.changeOfWhichNothingIsKnown(8, 20, 77);
    run.epoch(9, 2);
    run.changeOfWhichNothingIsKnown(10, 5, 77);

    assertThat(run.raised()).containsExactly("product unknown-value 20", "product unknown-value 5");
  }

  @Test
  void voidsACacheAgainForTheSameTransactionAfterATaskWasRevived() {
    Run run = new Run(rules, memoryAfter(rules, 7));
    run.changeOfWhichNothingIsKnown(8, 20, 77);

    run.revive();
    run.changeOfWhichNothingIsKnown(8, 20, 77);

    assertThat(run.raised())
        .containsExactly("product unknown-value 20", "product unknown-value 20");
  }

  @Test
  void remembersGenerationsAboveTheClock() {
    Map<String, String> memory =
        Map.of("stock", new CacheLife(NOW.toEpochMilli() + 1_000, 3, "", "other rules").text());
    Run run = new Run(rules, memory);

    run.watermark(8, 20);

    assertThat(run.generations)
        .filteredOn(raised -> raised.cache().equals("stock"))
        .extracting(GenerationRaised::generation)
        .containsExactly(NOW.toEpochMilli() + 1_001);
  }

  private Map<String, String> memoryAfter(Rules before, long offset) {
    Run run = new Run(before, Map.of());
    run.watermark(offset, 1);
    return run.memory();
  }

  /** One life of the processor, from a start to a stop or a kill. */
  private final class Run {
    private final MockProcessorContext<Object, Object> context = new MockProcessorContext<>();
    private final KeyValueStore<String, String> store =
        Stores.keyValueStoreBuilder(
                Stores.inMemoryKeyValueStore(InvalidationTopology.CACHES),
                Serdes.String(),
                Serdes.String())
            .withLoggingDisabled()
            .build();
    private final DerivationProcessor processor;
    private final List<GenerationRaised> generations = new ArrayList<>();
    private final List<String> deadLetters = new ArrayList<>();

    private Run(Rules of, Map<String, String> memory) {
      store.init(context.getStateStoreContext(), store);
      context.addStateStore(store);
      memory.forEach(store::put);
      processor =
          new DerivationProcessor(
              of,
              unused -> KnownRows.NONE,
              () -> missed,
              topics.changes().value().deserializer(),
              topics.changes().name(),
              new Silent(),
              Clock.fixed(NOW, ZoneOffset.UTC));
      processor.init(context);
    }

    private Map<String, String> memory() {
      Map<String, String> memory = new HashMap<>();
      try (KeyValueIterator<String, String> all = store.all()) {
        all.forEachRemaining(entry -> memory.put(entry.key, entry.value));
      }
      return memory;
    }

    private void watermark(long offset, long lsn) {
      Watermark watermark = new Watermark(new Position(1, lsn), lsn, NOW);
      process(
          offset,
          "",
          topics
              .changes()
              .value()
              .serializer()
              .serialize(topics.changes().name(), new ChangeMark(watermark)));
    }

    private void price(long offset, long lsn, String amount) {
      ChangeEvent change =
          new ChangeEvent(
              "public.price",
              Operation.INSERT,
              RowImage.UNKNOWN,
              new RowImage(Map.of("product_id", "1", "amount", amount)),
              77,
              lsn,
              new Position(1, lsn),
              NOW,
              NOW);
      process(
          offset,
          "public.price:1",
          topics.changes().value().serializer().serialize(topics.changes().name(), change));
    }

    private void changeOfWhichNothingIsKnown(long offset, long lsn, long transaction) {
      send(
          offset,
          "public.price",
          new ChangeEvent(
              "public.price",
              Operation.UPDATE,
              RowImage.UNKNOWN,
              RowImage.UNKNOWN,
              transaction,
              lsn,
              new Position(1, lsn),
              NOW,
              NOW));
    }

    private void epoch(long offset, long number) {
      send(
          offset,
          "",
          new ChangeMark(
              new EpochRaised(
                  "slot",
                  new Position(number, 1),
                  new SourceIdentity("1", 1, "slot", 1, "", Instant.EPOCH),
                  true,
                  "restored",
                  NOW)));
    }

    private void revive() {
      processor.close();
      processor.init(context);
    }

    private void send(long offset, String key, ChangeRecord record) {
      process(
          offset,
          key,
          topics.changes().value().serializer().serialize(topics.changes().name(), record));
    }

    private void garbage(long offset, String key) {
      process(offset, key, new byte[] {1, 2, 3});
    }

    private void process(long offset, String key, byte[] value) {
      context.setRecordMetadata(topics.changes().name(), 0, offset);
      processor.process(new Record<>(key.getBytes(StandardCharsets.UTF_8), value, 0));
      context.forwarded(InvalidationTopology.EPOCHS).stream()
          .map(forwarded -> (GenerationRaised) forwarded.record().value())
          .forEach(generations::add);
      context.forwarded(InvalidationTopology.DEAD_LETTERS).stream()
          .map(letter -> letter.record().headers().lastHeader("__streams.errors.message").value())
          .map(message -> new String(message, StandardCharsets.UTF_8))
          .forEach(deadLetters::add);
      context.resetForwards();
    }

    private List<String> raised() {
      return generations.stream()
          .map(each -> each.cache() + " " + each.reason() + " " + each.position().lsn())
          .toList();
    }

    private List<String> raisedAt(long offset, long lsn) {
      generations.clear();
      watermark(offset, lsn);
      return raised();
    }
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
