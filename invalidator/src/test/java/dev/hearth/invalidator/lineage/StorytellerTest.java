package dev.hearth.invalidator.lineage;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.chassis.config.HearthConfig;
import dev.hearth.invalidator.lineage.WhyAnswer.KeyStory;
import dev.hearth.schemas.codec.WireCodec;
import dev.hearth.schemas.invalidation.Applied;
import dev.hearth.schemas.invalidation.Cause;
import dev.hearth.schemas.invalidation.Invalidation;
import dev.hearth.schemas.key.KeySlot;
import dev.hearth.schemas.position.EpochRaised;
import dev.hearth.schemas.position.GenerationRaised;
import dev.hearth.schemas.position.Position;
import dev.hearth.schemas.position.SourceIdentity;
import dev.hearth.schemas.position.Watermark;
import dev.hearth.schemas.topic.Topics;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.junit.jupiter.api.Test;

class StorytellerTest {
  private static final Topics TOPICS = new Topics("hearth");
  private static final LineageLimits LIMITS = LineageLimits.ofDisk(1);
  private static final Instant NOON = Instant.parse("2026-11-23T12:00:00Z");
  private static final String KEY = "product:42";
  private static final int PARTITION =
      KeySlot.partitionOf(KEY, TOPICS.invalidations().partitions());

  private final Storyteller storyteller = new Storyteller(TOPICS.invalidations(), LIMITS);
  private final Records records = new Records(TOPICS);
  private final Page page = new Page(LIMITS.eventsOfAKey());

  @Test
  void tellsOfACommitWithTableRowTransactionRuleAndWhatEachStoreDid() {
    log(10, invalidation("product", KEY, NOON.minusSeconds(9)));
    applied("redis", 8, 10, NOON.minusSeconds(9).plusMillis(5));
    applied("hazelcast", 10, 12, NOON.minusSeconds(9).plusMillis(7));

    KeyStory story = tell(HearthConfig.Mode.FENCED);

    assertThat(story.events()).hasSize(1);
    Happening event = story.events().get(0);
    assertThat(event.kind()).isEqualTo("invalidation");
    assertThat(event.table()).isEqualTo("public.product");
    assertThat(event.row()).isEqualTo("public.product:42");
    assertThat(event.transaction()).isEqualTo(700);
    assertThat(event.rule()).isEqualTo("rules[0].keys[0]");
    assertThat(event.position()).isEqualTo("1:0/A");
    assertThat(event.stores())
        .extracting(Delivered::store, Delivered::outcome, Delivered::lagMillis)
        .containsExactly(
            org.assertj.core.groups.Tuple.tuple("redis", "applied", 5.0),
            org.assertj.core.groups.Tuple.tuple("hazelcast", "applied", 7.0));
  }

  @Test
  void saysOfEachStoreWhatIsNotKnown() {
    log(10, invalidation("product", KEY, NOON.minusSeconds(9)));
    applied("redis", 11, 15, NOON);

    List<Delivered> stores = tell(HearthConfig.Mode.FENCED).events().get(0).stores();

    assertThat(stores.get(0).outcome()).isEqualTo("applied_by");
    assertThat(stores.get(0).at()).isEqualTo(NOON);
    assertThat(stores.get(0).sentence()).contains("at the latest");
    assertThat(stores.get(1).outcome()).isEqualTo("not_known");
    assertThat(stores.get(1).at()).isNull();
  }

  @Test
  void saysNotYetWithTheDeliverysLag() {
    log(10, invalidation("product", KEY, NOON.minusSeconds(9)));
    applied("redis", 1, 4, NOON.minusSeconds(20));

    Delivered redis = tell(HearthConfig.Mode.FENCED).events().get(0).stores().get(0);

    assertThat(redis.outcome()).isEqualTo("not_yet");
    assertThat(redis.sentence()).contains("2026-11-23T11:59:40Z", "offset 4, 6 before this");
  }

  @Test
  void theFirstRoundCountsAndALaterOneIsToldBeside() {
    log(10, invalidation("product", KEY, NOON.minusSeconds(9)));
    applied("redis", 10, 12, NOON.minusSeconds(8));
    applied("redis", 5, 11, NOON.minusSeconds(2));

    Delivered redis = tell(HearthConfig.Mode.FENCED).events().get(0).stores().get(0);

    assertThat(redis.at()).isEqualTo(NOON.minusSeconds(8));
    assertThat(redis.againAt()).isEqualTo(NOON.minusSeconds(2));
  }

  @Test
  void whatVoidsACacheOrEverythingBelongsToTheKeysStory() {
    log(
        10,
        new EpochRaised(
            "hearth",
            new Position(2, 5),
            new SourceIdentity("7", 1, "hearth", 3, "hearth", NOON),
            true,
            "the slot was lost",
            NOON.minusSeconds(30)));
    log(11, invalidation("product", KEY, NOON.minusSeconds(20)));
    log(
        12,
        new GenerationRaised("product", 8, new Position(2, 9), "truncate", NOON.minusSeconds(10)));
    log(
        13,
        new GenerationRaised("category", 9, new Position(2, 9), "truncate", NOON.minusSeconds(10)));
    log(14, invalidation("category", "category:1", NOON));

    KeyStory story = tell(HearthConfig.Mode.FENCED);

    assertThat(story.events())
        .extracting(Happening::kind)
        .containsExactly("epoch", "invalidation", "generation");
    assertThat(story.events().get(0).reason()).isEqualTo("the slot was lost");
    assertThat(story.events().get(2).reason()).isEqualTo("truncate");
    assertThat(story.events().get(2).generation()).isEqualTo(8);
  }

  @Test
  void whatCannotBeReadMayConcernEveryKey() {
    log(10, new byte[] {1, 2, 3});

    KeyStory story = tell(HearthConfig.Mode.FENCED);

    assertThat(story.events()).extracting(Happening::kind).containsExactly("unreadable");
    assertThat(story.events().get(0).reason()).contains("void the partition");
  }

  @Test
  void tellsAtMostTwentyEventsAndNothingOlderThanADay() {
    log(1, invalidation("product", KEY, NOON.minus(Duration.ofHours(25))));
    for (int i = 0; i < 15; i++) {
      log(10 + i, invalidation("product", KEY, NOON.minusSeconds(100)));
    }
    assertThat(tell(HearthConfig.Mode.FENCED).events())
        .as("without that of yesterday")
        .extracting(Happening::offset)
        .startsWith(10L)
        .hasSize(15);
    assertThat(tell(HearthConfig.Mode.FENCED).notKnown())
        .noneMatch(sentence -> sentence.contains("older events"));

    for (int i = 0; i < 15; i++) {
      log(30 + i, new GenerationRaised("product", i, new Position(2, 9), "truncate", NOON));
    }
    assertThat(tell(HearthConfig.Mode.FENCED).events())
        .extracting(Happening::offset)
        .startsWith(20L)
        .endsWith(44L)
        .hasSize(20);
    assertThat(tell(HearthConfig.Mode.FENCED).notKnown())
        .anyMatch(sentence -> sentence.contains("at most 20"));
  }

  @Test
  void anEntrysLeaseIsKnownBetweenTwoMarks() {
    log(10, new Watermark(new Position(1, 100), 100, NOON.minusSeconds(50)));
    log(20, new Watermark(new Position(1, 200), 200, NOON.minusSeconds(40)));
    log(30, new Watermark(new Position(1, 300), 300, NOON.minusSeconds(30)));
    applied("redis", 5, 29, NOON.minusSeconds(31));
    applied("redis", 30, 35, NOON.minusSeconds(29));
    Map<String, Found> found =
        Map.of(
            "redis",
            new Found.Entry(new Position(1, 250), 120),
            "hazelcast",
            new Found.Entry(new Position(1, 350), -1));

    List<EntryNow> entries = tell(HearthConfig.Mode.FENCED, found).entries();

    assertThat(entries.get(0).leaseAfter()).isEqualTo(NOON.minusSeconds(40));
    assertThat(entries.get(0).leaseBefore()).isEqualTo(NOON.minusSeconds(29));
    assertThat(entries.get(0).sentence()).contains("120 bytes");
    assertThat(entries.get(1).state()).isEqualTo("no_row");
    assertThat(entries.get(1).leaseAfter()).isEqualTo(NOON.minusSeconds(30));
    assertThat(entries.get(1).leaseBefore()).as("not known").isNull();
  }

  @Test
  void aStoreThatDoesNotAnswerIsNotKnownAndOthersAreTold() {
    Map<String, Found> found =
        Map.of("redis", new Found.NotKnown("redis is away"), "hazelcast", new Found.Nothing());

    List<EntryNow> entries = tell(HearthConfig.Mode.FENCED, found).entries();

    assertThat(entries.get(0).state()).isEqualTo("not_known");
    assertThat(entries.get(0).sentence()).isEqualTo("not known: redis is away");
    assertThat(entries.get(1).state()).isEqualTo("nothing");
    assertThat(entries.get(1).sentence()).contains("the next read loads it");
  }

  @Test
  void plainAndObservedCachesAreToldForWhatTheyAre() {
    log(10, invalidation("product", KEY, NOON.minusSeconds(9)));
    applied("redis", 10, 10, NOON);

    KeyStory plain = tell(HearthConfig.Mode.PLAIN, Map.of("redis", new Found.Value(7)));
    KeyStory observed = tell(HearthConfig.Mode.OBSERVE);

    assertThat(plain.entries().get(0).sentence())
        .contains("7 bytes", "plain caches carry no stamp");
    assertThat(plain.events().get(0).stores().get(0).outcome()).isEqualTo("applied");
    assertThat(observed.events().get(0).stores())
        .allMatch(store -> store.outcome().equals("observed"));
  }

  @Test
  void saysHowFarItsKnowledgeGoes() {
    KeyStory nothing = tell(HearthConfig.Mode.FENCED);
    assertThat(nothing.events()).isEmpty();
    assertThat(nothing.recordedSince()).isNull();
    assertThat(nothing.notKnown())
        .anyMatch(sentence -> sentence.startsWith("No event of this key is recorded"))
        .anyMatch(sentence -> sentence.contains("committed lately may be missing"));

    log(10, invalidation("product", KEY, NOON.minusSeconds(9)));
    Progress behind = new Progress(Map.of(PARTITION, NOON.minusSeconds(60)), 70_000, 5_000);
    KeyStory late =
        storyteller.tell(
            "product", cache(HearthConfig.Mode.FENCED), KEY, page, behind, Map.of(), NOON);
    assertThat(late.notKnown())
        .anyMatch(sentence -> sentence.contains("after 2026-11-23T11:59:00Z may be missing"))
        .anyMatch(sentence -> sentence.contains("70000 records"))
        .anyMatch(sentence -> sentence.contains("5000 of their reports"));

    Progress current = new Progress(Map.of(PARTITION, NOON.minusMillis(20)), 3, 1);
    KeyStory now =
        storyteller.tell(
            "product", cache(HearthConfig.Mode.FENCED), KEY, page, current, Map.of(), NOON);
    assertThat(now.completeTo()).isEqualTo(NOON.minusMillis(20));
    assertThat(now.notKnown()).noneMatch(sentence -> sentence.contains("may be missing"));
  }

  private KeyStory tell(HearthConfig.Mode mode) {
    return tell(mode, Map.of());
  }

  private KeyStory tell(HearthConfig.Mode mode, Map<String, Found> found) {
    return storyteller.tell("product", cache(mode), KEY, page, Progress.UNKNOWN, found, NOON);
  }

  private static HearthConfig.Cache cache(HearthConfig.Mode mode) {
    return new HearthConfig.Cache(
        List.of("redis", "hazelcast"),
        "product:{id}",
        Duration.ofHours(1),
        mode,
        Duration.ofSeconds(5),
        null);
  }

  private void applied(String store, long first, long last, Instant at) {
    page.add(
        new Applied(
            store, PARTITION, new Position(1, last), first, last, 1, at, Duration.ofMillis(1)));
  }

  private void log(long offset, Object record) {
    Instant at =
        record instanceof Invalidation invalidation
            ? invalidation.derivedAt()
            : NOON.minusSeconds(1);
    byte[] bytes = record instanceof byte[] raw ? raw : WireCodec.instance().encode(record);
    records
        .read(
            new ConsumerRecord<>(
                TOPICS.invalidations().name(),
                PARTITION,
                offset,
                at.toEpochMilli(),
                TimestampType.CREATE_TIME,
                0,
                bytes.length,
                new byte[0],
                bytes,
                new RecordHeaders(),
                Optional.empty()))
        .addTo(page);
  }

  private static Invalidation invalidation(String cache, String key, Instant committedAt) {
    return new Invalidation(
        cache,
        key,
        new Position(1, 10),
        committedAt,
        committedAt.plusMillis(1),
        committedAt.plusMillis(3),
        new Cause("public.product", "public.product:42", 700, "rules[0].keys[0]"));
  }
}
