package dev.hearth.store.hazelcast;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import com.hazelcast.config.EvictionConfig;
import com.hazelcast.config.EvictionPolicy;
import com.hazelcast.config.MapConfig;
import com.hazelcast.config.MaxSizePolicy;
import com.hazelcast.map.IMap;
import dev.hearth.schemas.key.KeySlot;
import dev.hearth.store.CacheKey;
import dev.hearth.store.DeliveryTarget;
import dev.hearth.store.DeliveryTarget.RoundOutcome;
import dev.hearth.store.FencedStore;
import dev.hearth.store.FillOutcome;
import dev.hearth.store.HazelcastUnderTest;
import dev.hearth.store.Lease;
import dev.hearth.store.ReadOutcome;
import dev.hearth.store.RoundBuilder;
import dev.hearth.store.StoreUnderTest;
import dev.hearth.store.Value;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Records stand among entries, in a map that may be told to evict and that ends what is old. */
class HazelcastEvictionTest {
  private static final String EVICTING = "evicting";
  private static final int PER_PARTITION = 40;
  private static final int PARTITION = 0;
  private static final List<CacheKey> KEYS =
      IntStream.range(0, 20_000)
          .mapToObj(n -> new CacheKey("products", "product:" + n))
          .filter(key -> KeySlot.partitionOf(key.key(), StoreUnderTest.PARTITIONS) == PARTITION)
          .limit(HazelcastUnderTest.HAZELCAST_PARTITIONS * PER_PARTITION * 4L)
          .toList();

  /** Not so by LRU, which counts in seconds: within one, a record is as old as any entry. */
  @Test
  void recordsOutliveTheEntriesBecauseEachReadUsesThem() {
    try (HazelcastUnderTest server = new HazelcastUnderTest()) {
      server
          .member()
          .getConfig()
          .addMapConfig(
              new MapConfig(EVICTING + ".entries")
                  .setEvictionConfig(
                      new EvictionConfig()
                          .setEvictionPolicy(EvictionPolicy.LFU)
                          .setMaxSizePolicy(MaxSizePolicy.PER_PARTITION)
                          .setSize(PER_PARTITION)));
      try (HazelcastStore evicting =
              new HazelcastStore(
                  "cache",
                  server.member(),
                  EVICTING,
                  StoreUnderTest.PARTITIONS,
                  HazelcastStore.Options.defaults());
          FencedStore store = evicting.connect();
          DeliveryTarget delivery = evicting.connectForDelivery()) {
        delivery.open(PARTITION);
        apply(delivery, new RoundBuilder(PARTITION).watermark(1, 100, 110).offset(5));

        KEYS.forEach(key -> fill(store, key));
        IMap<String, Object> entries = server.member().getMap(EVICTING + ".entries");
        RoundOutcome outcome =
            apply(
                delivery,
                new RoundBuilder(PARTITION)
                    .keys(KEYS.toArray(CacheKey[]::new))
                    .ceiling(1, 200)
                    .watermark(1, 190, 195)
                    .offset(6));

        assertThat(entries.getLocalMapStats().getEvictionCount()).isPositive();
        assertThat(server.records(PARTITION)).allMatch(entries::containsKey);
        assertThat(outcome).isEqualTo(RoundOutcome.APPLIED);
      }
    }
  }

  @Test
  void recordsLiveAWeekFromTheirLastWrite() {
    try (HazelcastUnderTest server = new HazelcastUnderTest();
        DeliveryTarget delivery = server.connectForDelivery(() -> 1)) {
      delivery.open(PARTITION);
      apply(delivery, new RoundBuilder(PARTITION).watermark(1, 100, 110).offset(5));
      apply(delivery, new RoundBuilder(PARTITION).watermark(1, 200, 210).offset(6));

      IMap<String, Object> entries = server.member().getMap(StoreUnderTest.PREFIX + ".entries");

      assertThat(server.records(PARTITION))
          .allSatisfy(
              record -> {
                assertThat(entries.getEntryView(record).getTtl())
                    .isEqualTo(Duration.ofDays(7).toMillis());
                assertThat(entries.getEntryView(record).getMaxIdle()).isEqualTo(Long.MAX_VALUE);
              });
    }
  }

  private static void fill(FencedStore store, CacheKey key) {
    Lease lease = ((ReadOutcome.Granted) join(store.get(key))).lease();
    assertThat(join(store.fill(key, lease, Value.absent(), Duration.ofHours(1))))
        .isEqualTo(FillOutcome.STORED);
  }

  private static RoundOutcome apply(DeliveryTarget delivery, RoundBuilder round) {
    return requireNonNull(delivery.apply(List.of(round.build())).get(PARTITION));
  }

  private static <T> T join(CompletionStage<T> stage) {
    return stage.toCompletableFuture().join();
  }
}
