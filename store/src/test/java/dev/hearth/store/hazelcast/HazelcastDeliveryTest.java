package dev.hearth.store.hazelcast;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.hazelcast.config.InMemoryFormat;
import com.hazelcast.config.MapConfig;
import dev.hearth.schemas.key.KeySlot;
import dev.hearth.schemas.position.Position;
import dev.hearth.store.CacheKey;
import dev.hearth.store.DeliveryTarget;
import dev.hearth.store.DeliveryTarget.Resume;
import dev.hearth.store.DeliveryTarget.RoundOutcome;
import dev.hearth.store.FencedStore;
import dev.hearth.store.FillOutcome;
import dev.hearth.store.HazelcastUnderTest;
import dev.hearth.store.Lease;
import dev.hearth.store.LeaseToken;
import dev.hearth.store.Meta;
import dev.hearth.store.MetaCodec;
import dev.hearth.store.ReadOutcome;
import dev.hearth.store.RoundBuilder;
import dev.hearth.store.StoreUnavailableException;
import dev.hearth.store.StoreUnderTest;
import dev.hearth.store.Value;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** What Hazelcast adds to the contract: many records for one partition of the invalidations. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class HazelcastDeliveryTest {
  private static final Duration HOUR = Duration.ofHours(1);
  private static final Duration PERIOD = Duration.ofSeconds(1);
  private static final CacheKey KEY = new CacheKey("products", "product:1");
  private static final int PARTITION = KeySlot.partitionOf(KEY.key(), StoreUnderTest.PARTITIONS);

  private final AtomicLong nanoTime = new AtomicLong();
  private HazelcastUnderTest server;
  private FencedStore store;
  private DeliveryTarget delivery;
  private CacheKey elsewhere;

  @BeforeAll
  void startServer() {
    server = new HazelcastUnderTest();
    store = server.connect(HOUR, LeaseToken::random);
    delivery = server.connectForDelivery(PERIOD, nanoTime);
    elsewhere =
        Stream.iterate(2, n -> n + 1)
            .map(n -> new CacheKey("products", "product:" + n))
            .filter(key -> KeySlot.partitionOf(key.key(), StoreUnderTest.PARTITIONS) == PARTITION)
            .filter(key -> !server.recordOf(key).equals(server.recordOf(KEY)))
            .findFirst()
            .orElseThrow();
  }

  @AfterAll
  void stopServer() {
    server.close();
  }

  @BeforeEach
  void begin() {
    server.clear();
    delivery.open(PARTITION);
    assertThat(apply(round().watermark(1, 100, 110).offset(5))).isEqualTo(RoundOutcome.APPLIED);
  }

  @Test
  void keepsEachRecordInTheHazelcastPartitionThatItSpeaksFor() {
    List<String> records = server.records(PARTITION);

    assertThat(records).hasSize(HazelcastUnderTest.HAZELCAST_PARTITIONS);
    assertThat(records).allMatch(record -> server.meta(record).isPresent());
    for (CacheKey key : List.of(KEY, elsewhere)) {
      assertThat(server.hazelcastPartitionOf(server.recordOf(key)))
          .isEqualTo(server.hazelcastPartitionOf(key));
    }
  }

  @Test
  void aRecordThatIsNotTouchedLagsAndItsOffsetIsWhereToResume() {
    apply(round().keys(KEY).ceiling(1, 200).watermark(1, 190, 195).offset(9));

    assertThat(meta(KEY).applied()).isEqualTo(new Position(1, 190));
    assertThat(meta(elsewhere).applied()).isEqualTo(new Position(1, 100));
    assertThat(delivery.open(PARTITION)).contains(new Resume("topic", 5));
  }

  @Test
  void aRecordThatIsNotTouchedAdvancesWithinThePeriod() {
    apply(round().keys(KEY).ceiling(1, 200).watermark(1, 190, 195).offset(9));
    nanoTime.addAndGet(PERIOD.toNanos());

    apply(round().offset(10));

    assertThat(meta(elsewhere).applied()).isEqualTo(new Position(1, 190));
    assertThat(meta(elsewhere).raised()).isEqualTo(new Position(1, 110));
    assertThat(delivery.open(PARTITION)).contains(new Resume("topic", 10));
  }

  @Test
  void aGenerationVoidsEntriesUnderEveryRecordAtOnce() {
    fill(KEY);
    fill(elsewhere);

    apply(round().ceiling(1, 200).generation("products", 1).offset(6));

    assertThat(join(store.get(KEY))).isInstanceOf(ReadOutcome.Granted.class);
    assertThat(join(store.get(elsewhere))).isInstanceOf(ReadOutcome.Granted.class);
  }

  @Test
  void aLostRecordIsBornAnewAndTheOthersStay() {
    fill(KEY);
    fill(elsewhere);
    server.deleteMeta(server.recordOf(KEY));
    server.deleteCell(KEY);

    RoundOutcome noticed = apply(round().keys(KEY).ceiling(1, 200).offset(6));
    assertThat(delivery.open(PARTITION)).contains(new Resume("topic", 5));
    RoundOutcome waiting = apply(round().keys(KEY).ceiling(1, 200).offset(6));
    ReadOutcome meanwhile = join(store.get(KEY));
    RoundOutcome born = apply(round().watermark(1, 210, 220).offset(7));

    assertThat(noticed).isEqualTo(RoundOutcome.WENT_BACK);
    assertThat(waiting).isEqualTo(RoundOutcome.AWAITING_WATERMARK);
    assertThat(meanwhile).isEqualTo(new ReadOutcome.Uncertain());
    assertThat(born).isEqualTo(RoundOutcome.APPLIED);
    assertThat(join(store.get(KEY))).isInstanceOf(ReadOutcome.Granted.class);
    assertThat(meta(KEY).raised()).isEqualTo(new Position(1, 220));
    assertThat(join(store.get(elsewhere))).isInstanceOf(ReadOutcome.Hit.class);
  }

  @Test
  void recordsOfTwoTopicsBeginAnew() {
    fill(KEY);
    Meta other = new Meta(3, new Position(1, 1), new Position(1, 1), java.util.Map.of(), "new", 2);
    server.putMeta(server.recordOf(elsewhere), MetaCodec.encode(other));

    assertThat(delivery.open(PARTITION)).isEmpty();

    assertThat(server.metas(PARTITION)).isEmpty();
    assertThat(join(store.get(KEY))).isEqualTo(new ReadOutcome.Uncertain());
  }

  @Test
  void overwritesWhatIsNotEvenBytes() {
    server.putForeign(KEY, "a text");

    assertThat(fill(KEY)).isEqualTo(FillOutcome.STORED);
    assertThat(join(store.get(KEY))).isInstanceOf(ReadOutcome.Hit.class);
  }

  /** Hazelcast keeps whole seconds: a part of one counts as a whole, or it would end at once. */
  @Test
  void markersAndEntriesHaveTheTimeToLiveThatWasAskedFor() {
    try (FencedStore timed = server.connect(Duration.ofMillis(600_050), LeaseToken::random)) {
      Lease lease = ((ReadOutcome.Granted) join(timed.get(KEY))).lease();
      long marker = timeToLiveSeconds(KEY);
      join(timed.fill(KEY, lease, Value.absent(), Duration.ofMinutes(5)));

      assertThat(marker).isEqualTo(602);
      assertThat(timeToLiveSeconds(KEY)).isEqualTo(301);
    }
  }

  @Test
  void saysThatAMapComparesByIdentityInsteadOfRefusingEveryFill() {
    server
        .member()
        .getConfig()
        .addMapConfig(new MapConfig("objects.entries").setInMemoryFormat(InMemoryFormat.OBJECT));
    try (HazelcastStore objects =
            new HazelcastStore(
                "cache",
                server.member(),
                "objects",
                StoreUnderTest.PARTITIONS,
                HazelcastStore.Options.defaults());
        DeliveryTarget unable = objects.connectForDelivery()) {
      unable.open(PARTITION);
      unable.apply(List.of(round().watermark(1, 100, 110).offset(5).build()));

      assertThatThrownBy(
              () -> unable.apply(List.of(round().keys(KEY).ceiling(1, 200).offset(6).build())))
          .isInstanceOf(StoreUnavailableException.class)
          .hasMessageContaining(
              "store cache: map objects.entries of the cluster does not find bytes equal that are;"
                  + " set its in-memory-format to BINARY");
    }
  }

  @Test
  void usesAnInstanceThatItWasGivenAndLeavesItRunning() {
    HazelcastStore given =
        new HazelcastStore(
            "given",
            server.member(),
            StoreUnderTest.PREFIX,
            StoreUnderTest.PARTITIONS,
            HazelcastStore.Options.defaults());
    try (FencedStore second = given.connect()) {
      fill(KEY);
      assertThat(join(second.get(KEY))).isInstanceOf(ReadOutcome.Hit.class);
    }

    given.close();

    assertThat(server.member().getLifecycleService().isRunning()).isTrue();
    assertThatThrownBy(given::connect)
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("store given is closed");
  }

  @Test
  void refusesATimeoutThatMembersDoNotKeep() {
    HazelcastStore.Options good = HazelcastStore.Options.defaults();

    assertThatThrownBy(
            () ->
                new HazelcastStore.Options(
                    good.leaseTime(),
                    Duration.ofSeconds(5),
                    good.advanceEvery(),
                    good.threads(),
                    good.tokens(),
                    good.incarnations(),
                    good.nanoTime(),
                    good.foreign()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("timeout of a Hazelcast store is 5000 ms; expected 1 to 4000 ms");
  }

  private Meta meta(CacheKey key) {
    return server.meta(server.recordOf(key)).flatMap(MetaCodec::decode).orElseThrow();
  }

  private long timeToLiveSeconds(CacheKey key) {
    return TimeUnit.MILLISECONDS.toSeconds(
        server
            .member()
            .getMap(StoreUnderTest.PREFIX + ".entries")
            .getEntryView(key.cache() + "/" + key.key())
            .getTtl());
  }

  private FillOutcome fill(CacheKey key) {
    Lease lease = ((ReadOutcome.Granted) join(store.get(key))).lease();
    return join(store.fill(key, lease, Value.absent(), HOUR));
  }

  private RoundOutcome apply(RoundBuilder round) {
    return requireNonNull(delivery.apply(List.of(round.build())).get(PARTITION));
  }

  private static RoundBuilder round() {
    return new RoundBuilder(PARTITION);
  }

  private static <T> T join(CompletionStage<T> stage) {
    return stage.toCompletableFuture().join();
  }
}
