package dev.hearth.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.hearth.schemas.key.KeySlot;
import dev.hearth.schemas.position.Position;
import dev.hearth.store.DeliveryTarget.Resume;
import dev.hearth.store.DeliveryTarget.RoundOutcome;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** What every store must do, on a real server. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class StoreContract {
  private static final CacheKey KEY = new CacheKey("products", "product:1");
  private static final int PARTITION = KeySlot.partitionOf(KEY.key(), StoreUnderTest.PARTITIONS);
  private static final Value OLD = Value.of("old".getBytes(StandardCharsets.UTF_8));
  private static final Value NEW = Value.of("new".getBytes(StandardCharsets.UTF_8));
  private static final Duration HOUR = Duration.ofHours(1);

  private final AtomicLong incarnations = new AtomicLong(1000);
  private StoreUnderTest server;
  private FencedStore store;
  private FencedStore hasty;
  private DeliveryTarget delivery;

  abstract StoreUnderTest start();

  @BeforeAll
  final void startServer() {
    server = start();
    store = server.connect(HOUR, LeaseToken::random);
    hasty = server.connect(Duration.ofMillis(50), LeaseToken::random);
    delivery = server.connectForDelivery(incarnations::incrementAndGet);
  }

  @AfterAll
  final void stopServer() {
    server.close();
  }

  @BeforeEach
  final void begin() {
    server.clear();
    delivery.open(PARTITION);
    apply(round().watermark(1, 100, 110).offset(5));
  }

  @Test
  void grantsOneLeaseAndAnswersBusyToTheNext() {
    ReadOutcome first = get(KEY);
    ReadOutcome second = get(KEY);

    assertThat(first).isInstanceOf(ReadOutcome.Granted.class);
    assertThat(second).isEqualTo(new ReadOutcome.Busy());
  }

  @Test
  void storesAFillUnderItsLeaseAndThenHits() {
    Lease lease = lease(KEY);

    FillOutcome fill = fill(lease, NEW);

    assertThat(fill).isEqualTo(FillOutcome.STORED);
    assertThat(get(KEY))
        .isEqualTo(
            new ReadOutcome.Hit(NEW, new Position(1, 100), new Position(1, 100), lease.era(), 5));
  }

  @Test
  void leaseCarriesAAndB() {
    apply(round().keys(KEY).ceiling(1, 150).watermark(1, 120, 130).offset(6));

    Lease lease = lease(KEY);

    assertThat(lease.applied()).isEqualTo(new Position(1, 120));
    assertThat(lease.raised()).isEqualTo(new Position(1, 150));
    assertThat(lease.era().epoch()).isEqualTo(1);
  }

  @Test
  void aHitCarriesTheStampOfItsLeaseAndTheAOfItsRead() {
    fill(lease(KEY), NEW);
    apply(round().watermark(1, 300, 310).offset(7));

    ReadOutcome.Hit hit = hit(KEY);

    assertThat(hit.stamp()).isEqualTo(new Position(1, 100));
    assertThat(hit.applied()).isEqualTo(new Position(1, 300));
  }

  @Test
  void tellsHowFarAKeysPartitionIsAppliedWithoutALookAtTheKey() {
    assertThat(join(store.meta(KEY)).orElseThrow().applied()).isEqualTo(new Position(1, 100));

    apply(round().keys(KEY).ceiling(1, 150).watermark(1, 120, 130).offset(6));

    assertThat(join(store.meta(KEY)).orElseThrow().applied()).isEqualTo(new Position(1, 120));
    assertThat(server.cell(KEY)).isEmpty();

    server.clear();
    assertThat(join(store.meta(KEY))).isEmpty();
  }

  @Test
  void tellsWhatItHoldsAndMayHold() {
    List<StoreRoom> rooms = join(store.room());

    assertThat(rooms).isNotEmpty();
    assertThat(rooms)
        .allSatisfy(
            room -> {
              assertThat(room.used()).as(room.server()).isPositive();
              assertThat(room.limit()).as("no test limits its servers").isEmpty();
              assertThat(room.evicts()).isFalse();
            });
    assertThat(rooms.stream().map(StoreRoom::server)).doesNotHaveDuplicates();
  }

  /** R1. */
  @Test
  void refusesAFillWhoseLeaseAnInvalidationTook() {
    Lease lease = lease(KEY);
    apply(round().keys(KEY).ceiling(1, 200).offset(6));

    FillOutcome fill = fill(lease, OLD);

    assertThat(fill).isEqualTo(FillOutcome.LEASE_LOST);
    assertThat(get(KEY)).isInstanceOf(ReadOutcome.Granted.class);
  }

  /** R6. */
  @Test
  void refusesAFillAfterItsLeaseEnded() {
    Lease late = ((ReadOutcome.Granted) join(hasty.get(KEY))).lease();
    Eventually.until("the lease ends", () -> get(KEY) instanceof ReadOutcome.Granted);

    FillOutcome fill = fill(late, OLD);

    assertThat(fill).isEqualTo(FillOutcome.LEASE_LOST);
    assertThat(get(KEY)).isEqualTo(new ReadOutcome.Busy());
  }

  /** R7. */
  @Test
  void refusesAFillWhoseLeaseWasEvicted() {
    Lease lease = lease(KEY);
    server.deleteCell(KEY);

    assertThat(fill(lease, OLD)).isEqualTo(FillOutcome.LEASE_LOST);
    assertThat(server.cell(KEY)).isEmpty();
  }

  /** R8. */
  @Test
  void refusesTheOlderOfTwoFills() {
    Lease older = lease(KEY);
    apply(round().keys(KEY).ceiling(1, 200).offset(6));
    Lease newer = lease(KEY);

    FillOutcome first = fill(newer, NEW);
    FillOutcome second = fill(older, OLD);

    assertThat(first).isEqualTo(FillOutcome.STORED);
    assertThat(second).isEqualTo(FillOutcome.LEASE_LOST);
    assertThat(hit(KEY).value()).isEqualTo(NEW);
  }

  @Test
  void fillsOncePerLease() {
    Lease lease = lease(KEY);
    fill(lease, NEW);

    assertThat(fill(lease, OLD)).isEqualTo(FillOutcome.LEASE_LOST);
    assertThat(hit(KEY).value()).isEqualTo(NEW);
  }

  @Test
  void anEntryOfAnEarlierGenerationIsNoHit() {
    fill(lease(KEY), OLD);
    apply(round().ceiling(1, 200).generation("products", 4).offset(6));

    Lease lease = lease(KEY);

    assertThat(lease.era().generation()).isEqualTo(4);
    assertThat(fill(lease, NEW)).isEqualTo(FillOutcome.STORED);
    assertThat(hit(KEY).value()).isEqualTo(NEW);
  }

  @Test
  void aGenerationOfAnotherCacheVoidsNothing() {
    fill(lease(KEY), NEW);

    apply(round().ceiling(1, 200).generation("orders", 4).offset(6));

    assertThat(hit(KEY).value()).isEqualTo(NEW);
  }

  @Test
  void anEntryOfAnEarlierEpochIsNoHit() {
    fill(lease(KEY), OLD);
    apply(round().ceiling(2, 10).offset(6));

    Lease lease = lease(KEY);

    assertThat(lease.era().epoch()).isEqualTo(2);
    assertThat(lease.applied()).isEqualTo(new Position(2, 0));
    assertThat(lease.raised()).isEqualTo(new Position(2, 10));
  }

  @Test
  void anEntryOfAnEarlierIncarnationIsNoHit() {
    fill(lease(KEY), OLD);
    server.records(PARTITION).forEach(server::deleteMeta);
    delivery.open(PARTITION);
    apply(round().watermark(1, 100, 110).offset(6));

    Lease lease = lease(KEY);

    assertThat(lease.era().epoch()).isEqualTo(1);
    assertThat(fill(lease, NEW)).isEqualTo(FillOutcome.STORED);
  }

  @Test
  void aFillUnderALeaseOfAnEarlierGenerationIsNoHit() {
    Lease earlier = lease(KEY);
    apply(round().ceiling(1, 200).generation("products", 4).offset(6));

    fill(earlier, OLD);

    assertThat(get(KEY)).isInstanceOf(ReadOutcome.Granted.class);
  }

  @Test
  void grantsNoLeaseWithoutAMetaRecord() {
    fill(lease(KEY), OLD);
    CacheKey absent = sibling(KEY);
    server.deleteMeta(server.recordOf(KEY));

    assertThat(get(KEY)).isEqualTo(new ReadOutcome.Uncertain());
    assertThat(get(absent)).isEqualTo(new ReadOutcome.Uncertain());
    assertThat(server.cell(absent)).isEmpty();
  }

  @Test
  void overwritesWhatIsForeign() {
    server.putCell(KEY, "somebody else's".getBytes(StandardCharsets.UTF_8));

    Lease lease = lease(KEY);

    assertThat(fill(lease, NEW)).isEqualTo(FillOutcome.STORED);
    assertThat(hit(KEY).value()).isEqualTo(NEW);
  }

  @Test
  void aForeignMetaRecordIsNoneAndGivesWayToOne() {
    server
        .records(PARTITION)
        .forEach(record -> server.putMeta(record, "?".getBytes(StandardCharsets.UTF_8)));

    ReadOutcome before = get(KEY);
    Optional<Resume> resume = delivery.open(PARTITION);
    apply(round().watermark(1, 100, 110).offset(6));

    assertThat(before).isEqualTo(new ReadOutcome.Uncertain());
    assertThat(resume).isEmpty();
    assertThat(get(KEY)).isInstanceOf(ReadOutcome.Granted.class);
  }

  @Test
  void peekSeesAnEntryAsAReadDoes() {
    fill(lease(KEY), NEW);

    Optional<ReadOutcome.Hit> peeked = peek(KEY);

    assertThat(peeked).contains(hit(KEY));
  }

  @Test
  void peekTakesNoLease() {
    Optional<ReadOutcome.Hit> peeked = peek(KEY);

    assertThat(peeked).isEmpty();
    assertThat(server.cell(KEY)).isEmpty();
    assertThat(get(KEY)).isInstanceOf(ReadOutcome.Granted.class);
  }

  @Test
  void peekSeesNeitherLeasesNorWhatIsVoidNorForeignNorUncertain() {
    CacheKey foreign = sibling(KEY);
    server.putCell(foreign, "somebody else's".getBytes(StandardCharsets.UTF_8));
    Lease lease = lease(KEY);

    Optional<ReadOutcome.Hit> leased = peek(KEY);
    fill(lease, OLD);
    apply(round().keys(foreign).ceiling(1, 200).generation("products", 4).offset(6));
    server.putCell(foreign, "somebody else's".getBytes(StandardCharsets.UTF_8));
    Optional<ReadOutcome.Hit> ofEarlierGeneration = peek(KEY);
    Optional<ReadOutcome.Hit> ofSomebodyElse = peek(foreign);
    fill(lease(KEY), NEW);
    server.deleteMeta(server.recordOf(KEY));
    Optional<ReadOutcome.Hit> withoutMeta = peek(KEY);

    assertThat(leased).isEmpty();
    assertThat(ofEarlierGeneration).isEmpty();
    assertThat(ofSomebodyElse).isEmpty();
    assertThat(withoutMeta).isEmpty();
  }

  @Test
  void aReleasedLeaseKeepsNobodyWaitingAndFillsNothing() {
    Lease lease = lease(KEY);

    release(lease);
    FillOutcome late = fill(lease, OLD);
    ReadOutcome next = get(KEY);

    assertThat(late).isEqualTo(FillOutcome.LEASE_LOST);
    assertThat(next).isInstanceOf(ReadOutcome.Granted.class);
  }

  @Test
  void aReleaseTakesNobodyElsesLeaseAndNoEntry() {
    Lease lost = lease(KEY);
    apply(round().keys(KEY).ceiling(1, 200).offset(6));
    Lease held = lease(KEY);

    release(lost);
    FillOutcome fill = fill(held, NEW);
    release(held);
    release(held);

    assertThat(fill).isEqualTo(FillOutcome.STORED);
    assertThat(hit(KEY).value()).isEqualTo(NEW);
  }

  /** R10. */
  @Test
  void negativeEntries() {
    fill(lease(KEY), Value.absent());

    assertThat(hit(KEY).value()).isEqualTo(Value.absent());
    apply(round().keys(KEY).ceiling(1, 200).offset(6));
    assertThat(get(KEY)).isInstanceOf(ReadOutcome.Granted.class);
  }

  @Test
  void entriesEndWithTheirTimeToLive() {
    Duration life = Duration.ofMillis(900);
    CacheKey lasting = sibling(KEY);
    join(store.fill(lasting, lease(lasting), NEW, HOUR));
    AtomicReference<ReadOutcome> before = new AtomicReference<>();

    // Who was not back within its life has shown nothing, and tries again.
    Eventually.until(
        "a read within the life of the entry",
        () -> {
          server.deleteCell(KEY);
          Lease lease = lease(KEY);
          long filled = System.nanoTime();
          join(store.fill(KEY, lease, NEW, life));
          before.set(get(KEY));
          return System.nanoTime() - filled < life.toNanos();
        });
    Eventually.until("the entry ends", () -> server.cell(KEY).isEmpty());

    assertThat(before.get()).isInstanceOf(ReadOutcome.Hit.class);
    assertThat(get(KEY)).isInstanceOf(ReadOutcome.Granted.class);
    assertThat(hit(lasting).value()).isEqualTo(NEW);
  }

  @Test
  void writesCellsAndRecordsAsDocumented() {
    Lease lease = lease(KEY);
    byte[] marker = server.cell(KEY).orElseThrow();
    fill(lease, NEW);

    assertThat(marker).isEqualTo(CellCodec.marker(lease.token()));
    assertThat(server.cell(KEY)).contains(CellCodec.entry(lease, NEW));
    assertThat(server.meta(server.recordOf(KEY)).flatMap(MetaCodec::decode).orElseThrow().offset())
        .isEqualTo(5);
  }

  /** R15. */
  @Test
  void aDeliveryNoticesThatTheStoreWentBack() {
    Map<String, byte[]> earlier = server.metas(PARTITION);
    apply(round().keys(KEY).ceiling(1, 200).watermark(1, 190, 195).offset(6));
    earlier.forEach(server::putMeta);

    RoundOutcome next = outcome(round().keys(KEY).ceiling(1, 300).offset(7));

    assertThat(next).isEqualTo(RoundOutcome.WENT_BACK);
    assertThat(delivery.open(PARTITION)).contains(new Resume("topic", 5));
    assertThat(outcome(round().watermark(1, 190, 195).offset(6))).isEqualTo(RoundOutcome.APPLIED);
  }

  @Test
  void aDeliveryNoticesThatItsRecordIsGone() {
    server.deleteMeta(server.recordOf(KEY));

    RoundOutcome next = outcome(round().keys(KEY).ceiling(1, 300).offset(6));

    assertThat(next).isEqualTo(RoundOutcome.WENT_BACK);
  }

  @Test
  void aDeliveryNoticesThatAnotherOneWrites() {
    try (DeliveryTarget other = server.connectForDelivery(() -> 1)) {
      other.open(PARTITION);
      apply(round().watermark(1, 200, 210).offset(6));

      Map<Integer, RoundOutcome> late =
          other.apply(List.of(round().watermark(1, 150, 160).offset(7).build()));

      assertThat(late).containsEntry(PARTITION, RoundOutcome.WENT_BACK);
      assertThat(lease(KEY).applied()).isEqualTo(new Position(1, 200));
    }
  }

  @Test
  void deletesEvenWhenTheStoreWentBack() {
    fill(lease(KEY), OLD);
    server.deleteMeta(server.recordOf(KEY));

    outcome(round().keys(KEY).ceiling(1, 300).offset(6));

    assertThat(server.cell(KEY)).isEmpty();
  }

  @Test
  void resumesAtWhatTheStoreSays() {
    apply(round().watermark(1, 200, 210).offset(17));

    try (DeliveryTarget next = server.connectForDelivery(() -> 1)) {
      assertThat(next.open(PARTITION)).contains(new Resume("topic", 17));
      assertThat(next.open((PARTITION + 1) % StoreUnderTest.PARTITIONS)).isEmpty();
    }
  }

  @Test
  void abandonedPartitionGivesNoHit() {
    fill(lease(KEY), OLD);

    delivery.abandon(PARTITION);

    assertThat(get(KEY)).isEqualTo(new ReadOutcome.Uncertain());
    assertThat(outcome(round().keys().ceiling(1, 900).offset(50)))
        .isEqualTo(RoundOutcome.AWAITING_WATERMARK);
    apply(round().watermark(1, 1000, 1010).offset(51));
    assertThat(lease(KEY).applied()).isEqualTo(new Position(1, 1000));
  }

  @Test
  void appliesARoundTwice() {
    RoundBuilder round = round().keys(KEY).ceiling(1, 200).watermark(1, 190, 195).offset(6);
    fill(lease(KEY), OLD);

    apply(round);
    Map<String, String> once = records();
    apply(round);

    assertThat(records()).isEqualTo(once);
    assertThat(get(KEY)).isInstanceOf(ReadOutcome.Granted.class);
  }

  /** R9. */
  @Test
  void aReplayedRoundOnlyTakesOutItsKeys() {
    apply(round().keys(sibling(KEY)).ceiling(1, 400).watermark(1, 390, 395).offset(9));
    fill(lease(KEY), NEW);

    apply(round().keys(KEY).ceiling(1, 200).watermark(1, 190, 195).offset(6));

    Lease lease = lease(KEY);
    assertThat(lease.applied()).isEqualTo(new Position(1, 390));
    assertThat(lease.raised()).isEqualTo(new Position(1, 400));
    assertThat(delivery.open(PARTITION)).contains(new Resume("topic", 9));
  }

  @Test
  void appliesManyKeysInOneRound() {
    Set<CacheKey> keys =
        Stream.iterate(0, n -> n + 1)
            .map(n -> new CacheKey("products", "product:" + n))
            .filter(key -> KeySlot.partitionOf(key.key(), StoreUnderTest.PARTITIONS) == PARTITION)
            .limit(2500)
            .collect(java.util.stream.Collectors.toSet());
    keys.forEach(key -> server.putCell(key, new byte[] {1}));

    apply(round().keys(keys.toArray(CacheKey[]::new)).ceiling(1, 200).offset(6));

    assertThat(keys.stream().filter(key -> server.cell(key).isPresent())).isEmpty();
  }

  @Test
  void keysListsACachesKeys() {
    CacheKey odd = new CacheKey("products", "product:[2]*?\\^ü");
    fill(lease(KEY), NEW);
    server.putCell(odd, new byte[] {1});
    server.putCell(new CacheKey("products", "other:1"), new byte[] {1});

    try (Stream<String> all = store.keys("products", "product:");
        Stream<String> some = store.keys("products", "product:[2]*?\\^");
        Stream<String> unlimited = store.keys("products", "")) {
      assertThat(all).containsExactlyInAnyOrder(KEY.key(), odd.key());
      assertThat(some).containsExactly(odd.key());
      assertThat(unlimited).containsExactlyInAnyOrder(KEY.key(), odd.key(), "other:1");
    }
  }

  @Test
  void refusesRoundsOfAPartitionThatIsNotOpenOrTwice() {
    Round unopened = round().partition((PARTITION + 1) % StoreUnderTest.PARTITIONS).build();
    Round round = round().offset(6).build();

    assertThatThrownBy(() -> delivery.apply(List.of(round, unopened)))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("is not open; open it before a round is applied");
    assertThatThrownBy(() -> delivery.apply(List.of(round, round)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("two rounds are of partition " + PARTITION);
  }

  @Test
  void saysInASentenceThatNobodyAnswers() {
    assertThatThrownBy(() -> server.connectToNobody())
        .isInstanceOf(StoreUnavailableException.class)
        .hasMessageStartingWith("store cache: no ")
        .hasMessageContaining("127.0.0.1:1");
  }

  @Test
  void anEntryUnderTagsIsReadWhileEachHasTheTokenThatItWasFilledUnder() {
    List<CacheKey> tags = tags();
    fillTagged(tags, OLD);

    ReadOutcome before = get(KEY, tags);
    apply(round().keys(tags.get(1)).ceiling(1, 200).offset(6));
    ReadOutcome deleted = get(KEY, tags);
    createTag(tags.get(1));
    ReadOutcome createdAgain = get(KEY, tags);

    assertThat(before)
        .isInstanceOfSatisfying(
            ReadOutcome.Hit.class, hit -> assertThat(hit.value()).isEqualTo(OLD));
    assertThat(deleted).isEqualTo(new ReadOutcome.TagsMissing(List.of(tags.get(1))));
    assertThat(createdAgain).isInstanceOf(ReadOutcome.Granted.class);
  }

  /** R22: the tokens are read before the load, so that a change which it misses is told. */
  @Test
  void whatIsFilledUnderATagThatWasDeletedSinceIsNeverRead() {
    List<CacheKey> tags = tags();
    tags.forEach(this::createTag);
    Lease lease = ((ReadOutcome.Granted) get(KEY, tags)).lease();
    apply(round().keys(tags.get(0)).ceiling(1, 200).offset(6));
    createTag(tags.get(0));

    FillOutcome fill = fill(lease, OLD);

    assertThat(fill).isEqualTo(FillOutcome.STORED);
    assertThat(get(KEY, tags)).isInstanceOf(ReadOutcome.Granted.class);
  }

  @Test
  void aTokenThatWasReadAndThenDeletedIsNotCreatedByItsFillAgain() {
    CacheKey tag = tags().get(0);
    Lease lease = lease(tag);
    Value token = TagToken.random().value();
    join(store.fill(tag, lease, token, HOUR));
    apply(round().keys(tag).ceiling(1, 200).offset(6));

    FillOutcome repeated = join(store.fill(tag, lease, token, HOUR));

    assertThat(repeated).isEqualTo(FillOutcome.LEASE_LOST);
    assertThat(server.cell(tag)).isEmpty();
  }

  @Test
  void tagsThatWereEvictedOrVoidedMakeTheEntryUnreadable() {
    List<CacheKey> tags = tags();
    fillTagged(tags, NEW);
    server.deleteCell(tags.get(0));

    ReadOutcome evicted = get(KEY, tags);
    apply(round().ceiling(1, 200).generation(tags.get(0).cache(), 4).offset(6));
    ReadOutcome voided = get(KEY, tags);

    assertThat(evicted).isEqualTo(new ReadOutcome.TagsMissing(List.of(tags.get(0))));
    assertThat(voided).isEqualTo(new ReadOutcome.TagsMissing(tags));
  }

  @Test
  void negativeEntriesUnderTags() {
    List<CacheKey> tags = tags();
    fillTagged(tags, Value.absent());

    assertThat(((ReadOutcome.Hit) get(KEY, tags)).value()).isEqualTo(Value.absent());
  }

  @Test
  void tagsInOtherPartitionsThanTheKeys() {
    List<CacheKey> tags =
        Stream.iterate(0, n -> n + 1)
            .map(n -> new CacheKey("tags", "tag:" + n))
            .limit(FencedProtocol.MOST_TAGS)
            .toList();
    assertThat(tags.stream().map(StoreContract::partitionOf).distinct())
        .hasSize(StoreUnderTest.PARTITIONS);
    CacheKey elsewhere =
        tags.stream().filter(tag -> partitionOf(tag) != PARTITION).findFirst().orElseThrow();
    try (DeliveryTarget all = server.connectForDelivery(incarnations::incrementAndGet)) {
      for (int other = 0; other < StoreUnderTest.PARTITIONS; other++) {
        if (other != PARTITION) {
          all.open(other);
          apply(all, round().partition(other).watermark(1, 50 + other, 300 + other).offset(6));
        }
      }
      fillTagged(tags, NEW);

      ReadOutcome.Hit hit = (ReadOutcome.Hit) get(KEY, tags);
      apply(all, round().partition(partitionOf(elsewhere)).keys(elsewhere).ceiling(1, 400));
      ReadOutcome deleted = get(KEY, tags);
      createTag(elsewhere);
      Lease lease = ((ReadOutcome.Granted) get(KEY, tags)).lease();

      assertThat(hit.applied()).isEqualTo(new Position(1, 100));
      assertThat(hit.tags())
          .allSatisfy(
              applied ->
                  assertThat(applied.applied().lsn())
                      .isEqualTo(
                          partitionOf(applied.tag()) == PARTITION
                              ? 100
                              : 50 + partitionOf(applied.tag())));
      assertThat(deleted).isEqualTo(new ReadOutcome.TagsMissing(List.of(elsewhere)));
      assertThat(lease.raised()).isEqualTo(new Position(1, 400));
      assertThat(lease.applied().lsn()).isLessThan(100);
    }
  }

  @Test
  void answersUncertainWhereATagHasNoMetaRecord() {
    CacheKey elsewhere =
        Stream.iterate(0, n -> n + 1)
            .map(n -> new CacheKey("tags", "tag:" + n))
            .filter(tag -> partitionOf(tag) != PARTITION)
            .findFirst()
            .orElseThrow();

    assertThat(get(KEY, List.of(elsewhere))).isEqualTo(new ReadOutcome.Uncertain());
    assertThat(server.cell(KEY)).isEmpty();
  }

  /** Two of the key's own record. */
  private List<CacheKey> tags() {
    return Stream.iterate(1, n -> n + 1)
        .map(n -> new CacheKey("tags", "tag:" + n))
        .filter(other -> server.recordOf(other).equals(server.recordOf(KEY)))
        .limit(2)
        .toList();
  }

  private void createTag(CacheKey tag) {
    assertThat(join(store.fill(tag, lease(tag), TagToken.random().value(), HOUR)))
        .isEqualTo(FillOutcome.STORED);
  }

  private void fillTagged(List<CacheKey> tags, Value value) {
    tags.forEach(this::createTag);
    Lease lease = ((ReadOutcome.Granted) get(KEY, tags)).lease();
    assertThat(fill(lease, value)).isEqualTo(FillOutcome.STORED);
  }

  private ReadOutcome get(CacheKey key, List<CacheKey> tags) {
    return join(store.get(key, tags));
  }

  private static int partitionOf(CacheKey key) {
    return KeySlot.partitionOf(key.key(), StoreUnderTest.PARTITIONS);
  }

  private Map<String, String> records() {
    Map<String, String> found = new TreeMap<>();
    server
        .metas(PARTITION)
        .forEach((record, bytes) -> found.put(record, HexFormat.of().formatHex(bytes)));
    return found;
  }

  private ReadOutcome get(CacheKey key) {
    return join(store.get(key));
  }

  private Optional<ReadOutcome.Hit> peek(CacheKey key) {
    return join(store.peek(key));
  }

  private void release(Lease lease) {
    join(store.release(KEY, lease));
  }

  private Lease lease(CacheKey key) {
    return ((ReadOutcome.Granted) get(key)).lease();
  }

  private ReadOutcome.Hit hit(CacheKey key) {
    return (ReadOutcome.Hit) get(key);
  }

  private FillOutcome fill(Lease lease, Value value) {
    return join(store.fill(KEY, lease, value, HOUR));
  }

  private void apply(RoundBuilder round) {
    assertThat(outcome(round)).isEqualTo(RoundOutcome.APPLIED);
  }

  private static void apply(DeliveryTarget target, RoundBuilder round) {
    assertThat(outcome(target, round)).isEqualTo(RoundOutcome.APPLIED);
  }

  private RoundOutcome outcome(RoundBuilder round) {
    return outcome(delivery, round);
  }

  private static RoundOutcome outcome(DeliveryTarget target, RoundBuilder round) {
    return Objects.requireNonNull(
        target.apply(List.of(round.build())).get(round.build().partition()));
  }

  private static RoundBuilder round() {
    return new RoundBuilder(PARTITION);
  }

  /** Another key under the same meta record. */
  private CacheKey sibling(CacheKey key) {
    return Stream.iterate(1, n -> n + 1)
        .map(n -> new CacheKey(key.cache(), "sibling:" + n))
        .filter(other -> server.recordOf(other).equals(server.recordOf(key)))
        .findFirst()
        .orElseThrow();
  }

  private static <T> T join(CompletionStage<T> stage) {
    return stage.toCompletableFuture().join();
  }
}
