package dev.hearth.client;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.sandbox.Cases;
import dev.hearth.sandbox.Sandbox;
import dev.hearth.sandbox.Server;
import dev.hearth.schemas.key.KeySlot;
import dev.hearth.schemas.position.Position;
import dev.hearth.schemas.position.Watermark;
import dev.hearth.store.CacheKey;
import dev.hearth.store.DeliveryTarget;
import dev.hearth.store.DeliveryTarget.RoundOutcome;
import dev.hearth.store.FencedStore;
import dev.hearth.store.Round;
import dev.hearth.store.hazelcast.HazelcastStore;
import dev.hearth.store.redis.RedisStore;
import io.lettuce.core.RedisClient;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.codec.ByteArrayCodec;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * Lists that depend on shelves, read by several processes while shelves change, on real stores:
 * what is read holds every change that was applied in the store before the read began.
 */
class TagsUnderChangeTest {
  private static final int PARTITIONS = 4;
  private static final int SHELVES = 6;
  private static final int LISTS = 8;
  private static final int CHANGES = Integer.getInteger("hearth.changes", 250);
  private static final int READERS = 3;

  /** Reads for each change, so that some are answered from the store. */
  private static final int READS = 6;

  private static final long SEED = Cases.seed();
  private static final AtomicInteger NUMBER = new AtomicInteger();

  private static Sandbox sandbox;

  @BeforeAll
  static void startServers() {
    sandbox = Sandbox.builder().servers(Server.REDIS, Server.HAZELCAST).start();
  }

  @AfterAll
  static void stopServers() {
    sandbox.close();
  }

  @Test
  void whatIsReadHoldsEveryChangeThatWasAppliedOnRedis() throws Exception {
    try (RedisStore redis = redis();
        FencedStore store = redis.connect();
        DeliveryTarget delivery = redis.connectForDelivery()) {
      new Run(store, delivery).changeAndRead();
    }
  }

  @Test
  void whatIsReadHoldsEveryChangeThatWasAppliedOnHazelcast() throws Exception {
    try (HazelcastStore hazelcast =
            new HazelcastStore(
                "hazelcast",
                List.of(sandbox.hazelcast().address()),
                sandbox.hazelcast().clusterName(),
                "tags" + NUMBER.incrementAndGet(),
                PARTITIONS,
                HazelcastStore.Options.defaults());
        FencedStore store = hazelcast.connect();
        DeliveryTarget delivery = hazelcast.connectForDelivery()) {
      new Run(store, delivery).changeAndRead();
    }
  }

  /** R22. */
  @Test
  void aChangeBetweenLoadAndFillVoidsTheListForGood() {
    try (RedisStore redis = redis();
        FencedStore store = redis.connect();
        DeliveryTarget delivery = redis.connectForDelivery()) {
      assertThat(afterAChangeBetweenLoadAndFill(store, store, delivery)).contains("new");
    }
  }

  /** R22: what the order is for. */
  @Test
  void withTokensReadAfterTheLoadTheOldListStays() {
    try (RedisStore redis = redis();
        FencedStore store = redis.connect();
        DeliveryTarget delivery = redis.connectForDelivery()) {
      FencedStore late = new TokensReadAfterTheLoad(store);

      assertThat(afterAChangeBetweenLoadAndFill(late, store, delivery)).contains("old");
    }
  }

  private static Optional<String> afterAChangeBetweenLoadAndFill(
      FencedStore fillers, FencedStore others, DeliveryTarget delivery) {
    Run run = new Run(others, delivery);
    CoherentCache<String> filler = run.cache(fillers);
    CoherentCache<String> other = run.cache(others);
    List<Tag> tags = List.of(shelf(1));
    filler.get(
        "list:1",
        tags,
        key -> {
          run.apply(Set.of(shelf(1).cacheKey()), Map.of());
          other.get("list:2", tags, anything -> Optional.of("creates the tag again"));
          return Optional.of("old");
        });
    return other.get("list:1", tags, key -> Optional.of("new"));
  }

  /**
   * R22: why a tag is created by lease and fill. A client that lost its connection sends commands
   * again; a SET that is sent again after the invalidation brings the token back.
   */
  @Test
  void createdByASetThatIsSentAgainATagBringsTheOldListBack() {
    try (RedisStore redis = redis();
        FencedStore store = redis.connect();
        DeliveryTarget delivery = redis.connectForDelivery();
        RedisClient client = RedisClient.create(sandbox.redis().uri());
        StatefulRedisConnection<byte[], byte[]> raw = client.connect(ByteArrayCodec.INSTANCE)) {
      Run run = new Run(store, delivery);
      CoherentCache<String> cache = run.cache(store);
      List<Tag> tags = List.of(shelf(1));
      byte[] key = shelf(1).key().getBytes(StandardCharsets.UTF_8);
      cache.get("list:1", tags, absent -> Optional.of("old"));
      byte[] created = raw.sync().get(key);
      run.apply(Set.of(shelf(1).cacheKey()), Map.of());

      raw.sync().setnx(key, created);

      assertThat(cache.get("list:1", tags, absent -> Optional.of("new"))).contains("old");
    }
  }

  private static RedisStore redis() {
    sandbox.redis().start();
    return new RedisStore(
        "redis",
        sandbox.redis().uri(),
        "tags" + NUMBER.incrementAndGet(),
        PARTITIONS,
        SlowMachine.redis());
  }

  private static Tag shelf(int number) {
    return new Tag("shelf", "shelf:" + number);
  }

  /** One database of shelves that have versions, one delivery, some readers. */
  private static final class Run {
    private final FencedStore store;
    private final DeliveryTarget delivery;
    private final long[] versions = new long[SHELVES];
    private final AtomicLongArray applied = new AtomicLongArray(SHELVES);
    private final Random random = new Random(SEED);
    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final AtomicLong reads = new AtomicLong();
    private volatile boolean over;
    private long lsn = 100;
    private long generation;

    Run(FencedStore store, DeliveryTarget delivery) {
      this.store = store;
      this.delivery = delivery;
      for (int partition = 0; partition < PARTITIONS; partition++) {
        delivery.open(partition);
      }
      apply(Set.of(), Map.of("shelf", ++generation, "lists", generation));
    }

    CoherentCache<String> cache(FencedStore on) {
      return CoherentCache.builder("lists", on, Codec.UTF_8, Duration.ofHours(1))
          .tags("shelf", Duration.ofHours(4))
          .storeTimeout(SlowMachine.STORE_TIMEOUT)
          .meterRegistry(registry)
          .build();
    }

    void changeAndRead() throws Exception {
      List<InBackground<Boolean>> readers = new ArrayList<>();
      for (int reader = 0; reader < READERS; reader++) {
        Random own = new Random(SEED + reader + 1);
        readers.add(InBackground.call("reader-" + reader, () -> read(own)));
      }
      for (int change = 0; change < CHANGES; change++) {
        change();
        long enough = (change + 1L) * READS;
        while (reads.get() < enough
            && readers.stream().noneMatch(reader -> reader.outcome().isDone())) {
          Thread.yield();
        }
      }
      over = true;
      for (InBackground<Boolean> reader : readers) {
        reader.await();
      }

      CoherentCache<String> cache = cache(store);
      for (int list = 0; list < LISTS; list++) {
        assertThat(cache.get("list:" + list, tagsOf(list), this::load)).contains(snapshot(list));
      }
      double hits = registry.get("cache.gets").tags("result", "hit").counter().count();
      System.out.printf("%s: %d reads, %.0f hits%n", store.name(), reads.get(), hits);
      assertThat(hits).isGreaterThan(CHANGES / 10.0);
    }

    private void change() {
      int shelf = random.nextInt(SHELVES);
      int trouble = random.nextInt(100);
      if (trouble < 4) {
        // As an eviction takes a tag or an entry.
        apply(Set.of(shelf(shelf).cacheKey()), Map.of());
        apply(Set.of(new CacheKey("lists", "list:" + random.nextInt(LISTS))), Map.of());
      } else if (trouble < 6) {
        apply(Set.of(), Map.of("shelf", ++generation));
      } else if (trouble < 7) {
        // A record is lost, and with it what everything in the partition counts under.
        int partition = random.nextInt(PARTITIONS);
        delivery.abandon(partition);
        delivery.open(partition);
      }
      long version;
      synchronized (versions) {
        version = ++versions[shelf];
      }
      apply(Set.of(shelf(shelf).cacheKey()), Map.of());
      applied.set(shelf, version);
    }

    private boolean read(Random own) {
      CoherentCache<String> cache = cache(store);
      while (!over) {
        int list = own.nextInt(LISTS);
        long[] floor = IntStream.range(0, SHELVES).mapToLong(applied::get).toArray();

        String value = cache.get("list:" + list, tagsOf(list), this::load).orElseThrow();

        List<Integer> shelves = shelvesOf(list);
        String[] found = value.split(",");
        for (int n = 0; n < found.length; n++) {
          assertThat(Long.parseLong(found[n]))
              .as("list %d, shelf %d, -Dhearth.seed=%d", list, shelves.get(n), SEED)
              .isGreaterThanOrEqualTo(floor[shelves.get(n)]);
        }
        reads.incrementAndGet();
      }
      return true;
    }

    private Optional<String> load(String key) {
      String seen = snapshot(Integer.parseInt(key.substring("list:".length())));
      // So that changes come between the load and its fill.
      for (int pause = 0; pause < 20; pause++) {
        Thread.yield();
      }
      return Optional.of(seen);
    }

    private String snapshot(int list) {
      synchronized (versions) {
        return shelvesOf(list).stream()
            .map(shelf -> Long.toString(versions[shelf]))
            .collect(Collectors.joining(","));
      }
    }

    private static List<Integer> shelvesOf(int list) {
      return IntStream.range(0, SHELVES).filter(n -> (n + list) % 3 != 0).boxed().toList();
    }

    private static List<Tag> tagsOf(int list) {
      return shelvesOf(list).stream().map(TagsUnderChangeTest::shelf).toList();
    }

    private void apply(Set<CacheKey> keys, Map<String, Long> generations) {
      lsn += 10;
      List<Round> rounds = new ArrayList<>();
      for (int partition = 0; partition < PARTITIONS; partition++) {
        int of = partition;
        Set<CacheKey> here =
            keys.stream()
                .filter(key -> KeySlot.partitionOf(key.key(), PARTITIONS) == of)
                .collect(Collectors.toSet());
        rounds.add(
            new Round(
                partition,
                new Position(1, lsn),
                here,
                generations,
                Optional.of(new Watermark(new Position(1, lsn - 5), lsn, Instant.EPOCH)),
                "topic",
                lsn));
      }
      Map<Integer, RoundOutcome> outcomes = delivery.apply(rounds);
      assertThat(outcomes.values()).containsOnly(RoundOutcome.APPLIED);
    }
  }
}
