package dev.hearth.invalidator.derivation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.hearth.schemas.change.ChangeEvent;
import dev.hearth.schemas.change.ChangeMark;
import dev.hearth.schemas.change.ChangeRecord;
import dev.hearth.schemas.change.Operation;
import dev.hearth.schemas.change.RowImage;
import dev.hearth.schemas.invalidation.Cause;
import dev.hearth.schemas.invalidation.Invalidation;
import dev.hearth.schemas.invalidation.InvalidationMark;
import dev.hearth.schemas.invalidation.InvalidationRecord;
import dev.hearth.schemas.key.KeySlot;
import dev.hearth.schemas.position.EpochRaised;
import dev.hearth.schemas.position.GenerationRaised;
import dev.hearth.schemas.position.Position;
import dev.hearth.schemas.position.SourceIdentity;
import dev.hearth.schemas.position.StreamMark;
import dev.hearth.schemas.position.Watermark;
import dev.hearth.schemas.topic.Topic;
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
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.TestInputTopic;
import org.apache.kafka.streams.TestOutputTopic;
import org.apache.kafka.streams.TopologyTestDriver;
import org.apache.kafka.streams.test.TestRecord;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InvalidationTopologyTest {
  private static final Instant NOW = Instant.parse("2026-11-23T08:00:00Z");

  private final Topics topics = new Topics("hearth");
  private final List<String> heard = new ArrayList<>();
  private TopologyTestDriver driver;
  private TestInputTopic<byte[], byte[]> changes;
  private TestOutputTopic<String, InvalidationRecord> invalidations;
  private TestOutputTopic<String, StreamMark> epochs;
  private TestOutputTopic<byte[], byte[]> deadLetters;

  @BeforeEach
  void start(@TempDir Path directory) {
    Properties properties = new Properties();
    properties.put(StreamsConfig.APPLICATION_ID_CONFIG, "hearth-invalidator");
    properties.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, "nowhere:9092");
    properties.put(StreamsConfig.STATE_DIR_CONFIG, directory.toString());
    properties.put(StreamsConfig.PROCESSING_EXCEPTION_HANDLER_GLOBAL_ENABLED_CONFIG, true);
    driver =
        new TopologyTestDriver(
            InvalidationTopology.build(
                topics,
                ShopRules.rules(),
                unused -> KnownRows.NONE,
                () -> false,
                listener(),
                Clock.fixed(NOW, ZoneOffset.UTC)),
            properties,
            NOW);
    changes =
        driver.createInputTopic(
            topics.changes().name(), new ByteArraySerializer(), new ByteArraySerializer());
    invalidations = output(topics.invalidations());
    epochs = output(topics.epochs());
    deadLetters =
        driver.createOutputTopic(
            topics.deadLetters().name(), new ByteArrayDeserializer(), new ByteArrayDeserializer());

    // What a first start does is DerivationProcessorTest's to say.
    mark(watermark(1));
    forget();
  }

  private void forget() {
    invalidations.readValuesToList();
    epochs.readRecordsToList();
    heard.clear();
  }

  private <V> TestOutputTopic<String, V> output(Topic<String, V> topic) {
    return driver.createOutputTopic(
        topic.name(), topic.key().deserializer(), topic.value().deserializer());
  }

  @AfterEach
  void stop() {
    driver.close();
  }

  @Test
  void saysWhichKeyAsOfWhichPositionAndWhy() {
    change(7, update("public.product", product(1, 10), product(1, 20)));

    assertThat(invalidations())
        .containsExactly(
            invalidation("product", "product:1", 7, "rules[0].keys[0]"),
            invalidation("category", "category:10", 7, "rules[0].keys[1]"),
            invalidation("category", "category:20", 7, "rules[0].keys[1]"));
    assertThat(heard).containsExactly("derived PT2S");
  }

  @Test
  void passesMarksOnInOrderWithTheChanges() {
    Watermark first = watermark(5);
    Watermark second = watermark(9);
    EpochRaised epoch =
        new EpochRaised(
            "slot",
            new Position(2, 3),
            new SourceIdentity("1", 1, "slot", 1, "", Instant.EPOCH),
            true,
            "restored",
            NOW);
    mark(first);
    change(7, update("public.product", product(1, 10), product(1, 10)));
    mark(second);
    mark(epoch);

    assertThat(invalidations())
        .containsExactly(
            new InvalidationMark(first),
            invalidation("product", "product:1", 7, "rules[0].keys[0]"),
            invalidation("category", "category:10", 7, "rules[0].keys[1]"),
            new InvalidationMark(second),
            new InvalidationMark(epoch));
  }

  @Test
  void givesACacheThatIsVoidedANewGenerationInBothTopics() {
    mark(watermark(5));
    invalidations();
    change(7, new Row("public.product", Operation.TRUNCATE, Map.of(), Map.of()));

    List<GenerationRaised> raised = generations(invalidations());

    assertThat(raised)
        .extracting(GenerationRaised::cache, GenerationRaised::reason)
        .containsExactly(tuple("product", "truncate"), tuple("category", "truncate"));
    assertThat(raised).allSatisfy(each -> assertThat(each.position()).isEqualTo(position(7)));
    assertThat(epochs.readRecordsToList())
        .extracting(TestRecord::key, TestRecord::value)
        .containsExactlyElementsOf(
            raised.stream().map(each -> tuple(each.cache(), (Object) each)).toList());
    assertThat(heard).contains("raised product truncate", "raised category truncate");
  }

  @Test
  void numbersEachGenerationAboveTheLastOne() {
    for (int i = 0; i < 3; i++) {
      change(7 + i, new Row("public.price", Operation.TRUNCATE, Map.of(), Map.of()));
    }

    assertThat(generations(invalidations()))
        .extracting(GenerationRaised::generation)
        .containsExactly(NOW.toEpochMilli() + 1, NOW.toEpochMilli() + 2, NOW.toEpochMilli() + 3);
  }

  @Test
  void keepsWhatCannotBeReadAndVoidsWhatItMayHaveConcerned() {
    mark(watermark(5));
    invalidations();
    byte[] garbage = "not avro".getBytes(StandardCharsets.UTF_8);
    changes.pipeInput("public.price:1".getBytes(StandardCharsets.UTF_8), garbage);

    assertThat(generations(invalidations()))
        .extracting(GenerationRaised::cache, GenerationRaised::reason, GenerationRaised::position)
        .containsExactly(tuple("product", "poison", position(5)));
    TestRecord<byte[], byte[]> letter = deadLetters.readRecord();
    assertThat(letter.value()).isEqualTo(garbage);
    assertThat(header(letter.headers(), "hearth.stage")).isEqualTo("derivation");
    assertThat(header(letter.headers(), "__streams.errors.topic")).isEqualTo("hearth.changes");
    assertThat(header(letter.headers(), "__streams.errors.offset")).isEqualTo("2");
    assertThat(heard).contains("dead letter");
  }

  @Test
  void voidsAgainAtTheNextPositionBecauseThatOfTheGarbageIsNotKnown() {
    mark(watermark(5));
    changes.pipeInput("public.price:1".getBytes(StandardCharsets.UTF_8), new byte[] {1, 2, 3, 4});
    invalidations();

    change(9, update("public.product", product(1, 10), product(1, 10)));

    List<InvalidationRecord> after = invalidations();
    assertThat(generations(after))
        .extracting(GenerationRaised::cache, GenerationRaised::position)
        .containsExactly(tuple("product", position(9)));
    assertThat(after.get(0))
        .as("before anything else of that position")
        .isInstanceOf(InvalidationMark.class);

    change(10, update("public.product", product(1, 10), product(1, 10)));

    assertThat(generations(invalidations())).isEmpty();
  }

  @Test
  void suspectsEveryCacheWhereGarbageDoesNotNameItsTable() {
    mark(watermark(5));
    invalidations();
    changes.pipeInput((byte[]) null, new byte[] {1});

    assertThat(generations(invalidations()))
        .extracting(GenerationRaised::cache)
        .containsExactlyInAnyOrder("product", "category", "stock");
  }

  @Test
  void sendsKeysToThePartitionOfTheirSlotAndMarksToAll() {
    InvalidationTopology.BySlot bySlot = new InvalidationTopology.BySlot();
    for (int i = 0; i < 1_000; i++) {
      String key = "product:" + i;

      assertThat(
              bySlot.partitions("any", key, invalidation("product", key, 7, "rules[0].keys[0]"), 4))
          .contains(Set.of(KeySlot.partitionOf(key, 4)));
    }
    assertThat(bySlot.partitions("any", "", new InvalidationMark(watermark(5)), 4))
        .contains(IntStream.range(0, 4).boxed().collect(Collectors.toSet()));
  }

  private record Row(
      String table, Operation operation, Map<String, String> before, Map<String, String> after) {}

  private static Row update(String table, Map<String, String> before, Map<String, String> after) {
    return new Row(table, Operation.UPDATE, before, after);
  }

  private static Map<String, String> product(int id, int category) {
    return Map.of("id", "" + id, "name", "cup", "category_id", "" + category);
  }

  private void change(long lsn, Row row) {
    send(
        row.table() + ":1",
        new ChangeEvent(
            row.table(),
            row.operation(),
            new RowImage(Map.copyOf(row.before())),
            new RowImage(Map.copyOf(row.after())),
            lsn,
            lsn,
            position(lsn),
            NOW.minusSeconds(3),
            NOW.minusSeconds(2)));
  }

  private void mark(StreamMark mark) {
    send("", new ChangeMark(mark));
  }

  private void send(String key, ChangeRecord record) {
    changes.pipeInput(
        key.getBytes(StandardCharsets.UTF_8),
        topics.changes().value().serializer().serialize(topics.changes().name(), record));
  }

  /** What was sent since the last time; a mark counts once, however many partitions it went to. */
  private List<InvalidationRecord> invalidations() {
    return invalidations.readValuesToList().stream().distinct().toList();
  }

  private static List<GenerationRaised> generations(List<InvalidationRecord> records) {
    List<GenerationRaised> raised = new ArrayList<>();
    for (InvalidationRecord record : records) {
      if (record instanceof InvalidationMark mark
          && mark.mark() instanceof GenerationRaised generation) {
        raised.add(generation);
      }
    }
    return raised;
  }

  private static Invalidation invalidation(String cache, String key, long lsn, String rule) {
    return new Invalidation(
        cache,
        key,
        position(lsn),
        NOW.minusSeconds(3),
        NOW.minusSeconds(2),
        NOW,
        new Cause("public.product", "public.product:1", lsn, rule));
  }

  private static Watermark watermark(long lsn) {
    return new Watermark(position(lsn), lsn, NOW);
  }

  private static Position position(long lsn) {
    return new Position(1, lsn);
  }

  private static String header(Headers headers, String name) {
    return new String(headers.lastHeader(name).value(), StandardCharsets.UTF_8);
  }

  private InvalidationTopology.Listener listener() {
    return new InvalidationTopology.Listener() {
      @Override
      public void derived(Duration lag) {
        heard.add("derived " + lag);
      }

      @Override
      public void generationRaised(String cache, String reason) {
        heard.add("raised " + cache + " " + reason);
      }

      @Override
      public void deadLetter() {
        heard.add("dead letter");
      }
    };
  }
}
