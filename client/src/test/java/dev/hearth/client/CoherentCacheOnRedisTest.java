package dev.hearth.client;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.sandbox.Sandbox;
import dev.hearth.sandbox.Server;
import dev.hearth.schemas.position.Position;
import dev.hearth.schemas.position.Watermark;
import dev.hearth.store.CacheKey;
import dev.hearth.store.DeliveryTarget;
import dev.hearth.store.DeliveryTarget.RoundOutcome;
import dev.hearth.store.FencedStore;
import dev.hearth.store.Round;
import dev.hearth.store.redis.RedisStore;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The cache on a real Redis, with invalidations as a delivery applies them. */
class CoherentCacheOnRedisTest {
  private static final int PARTITIONS = 1;
  private static final AtomicLong NEXT_LSN = new AtomicLong(1_000);
  private static final AtomicLong NEXT_KEY = new AtomicLong();

  private static Sandbox sandbox;

  private final String key = "product:" + NEXT_KEY.incrementAndGet();
  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  private RedisStore redis;
  private FencedStore store;
  private DeliveryTarget delivery;
  private CoherentCache<String> cache;

  @BeforeAll
  static void startRedis() {
    sandbox = Sandbox.builder().servers(Server.REDIS).start();
  }

  @AfterAll
  static void stopRedis() {
    sandbox.close();
  }

  @BeforeEach
  void connect() {
    sandbox.redis().start();
    redis =
        new RedisStore("redis", sandbox.redis().uri(), "hearth", PARTITIONS, SlowMachine.redis());
    store = redis.connect();
    delivery = redis.connectForDelivery();
    cache = cacheOn(store);
    openPartition();
  }

  @AfterEach
  void disconnect() {
    delivery.close();
    store.close();
    redis.close();
  }

  @Test
  void fillsOnceAndAnswersEveryProcess() {
    CoherentCache<String> ofAnotherProcess = cacheOn(redis.connect());
    apply(watermarkOnly());

    Optional<String> first = cache.get(key, loading("pear"));
    Optional<String> second = ofAnotherProcess.get(key, loading("not asked"));

    assertThat(first).contains("pear");
    assertThat(second).contains("pear");
  }

  @Test
  void remembersThatThereIsNoRow() {
    apply(watermarkOnly());

    Optional<String> first = cache.get(key, absent -> Optional.empty());
    Optional<String> second = cache.get(key, loading("not asked"));

    assertThat(first).isEmpty();
    assertThat(second).isEmpty();
  }

  @Test
  void loadsAgainAfterAnInvalidation() {
    apply(watermarkOnly());
    cache.get(key, loading("old"));

    apply(invalidationOf(key));
    Optional<String> value = cache.get(key, loading("new"));

    assertThat(value).contains("new");
  }

  // R1, R6
  @Test
  void returnsButNeverStoresWhatAPausedFillerLoadedBeforeAnInvalidation() throws Exception {
    apply(watermarkOnly());
    CountDownLatch loaded = new CountDownLatch(1);
    CountDownLatch resumed = new CountDownLatch(1);
    InBackground<Optional<String>> filler =
        InBackground.call(
            "filler",
            () ->
                cache.get(
                    key,
                    row -> {
                      loaded.countDown();
                      InBackground.await(resumed);
                      return Optional.of("old");
                    }));
    InBackground.await(loaded);

    apply(invalidationOf(key));
    resumed.countDown();

    assertThat(filler.await()).contains("old");
    assertThat(cache.get(key, loading("new"))).contains("new");
    assertThat(cache.get(key, loading("not asked"))).contains("new");
    assertThat(fills("lease_lost")).isEqualTo(1);
    assertThat(fills("stored")).isEqualTo(1);
  }

  // R8
  @Test
  void leavesTheNewerFillAloneWhenAnOlderFillerResumes() throws Exception {
    apply(watermarkOnly());
    CoherentCache<String> ofAnotherProcess = cacheOn(redis.connect());
    CountDownLatch loaded = new CountDownLatch(1);
    CountDownLatch resumed = new CountDownLatch(1);
    InBackground<Optional<String>> filler =
        InBackground.call(
            "filler",
            () ->
                cache.get(
                    key,
                    row -> {
                      loaded.countDown();
                      InBackground.await(resumed);
                      return Optional.of("old");
                    }));
    InBackground.await(loaded);
    apply(invalidationOf(key));
    ofAnotherProcess.get(key, loading("new"));

    resumed.countDown();
    filler.await();

    assertThat(cache.get(key, loading("not asked"))).contains("new");
  }

  @Test
  void loadsUncachedWhileTheStoreKnowsNoPosition() {
    delivery.abandon(0);

    Optional<String> first = cache.get(key, loading("pear"));
    Optional<String> second = cache.get(key, loading("plum"));

    assertThat(first).contains("pear");
    assertThat(second).contains("plum");
    assertThat(bypasses("uncertain")).isEqualTo(2);
  }

  @Test
  void loadsWhileRedisIsDownAndCachesAgainWhenItIsBack() {
    apply(watermarkOnly());
    cache.get(key, loading("pear"));

    sandbox.redis().kill();
    Optional<String> down = cache.get(key, loading("plum"));
    sandbox.redis().start();
    reopenDelivery();

    assertThat(down).contains("plum");
    assertThat(bypasses("store_failure")).isEqualTo(1);
    Eventually.eventually(
        "the store is filled again",
        () -> cache.get(key, loading("cherry")).isPresent() && fills("stored") >= 2);
    assertThat(cache.get(key, loading("not asked"))).contains("cherry");
  }

  private CoherentCache<String> cacheOn(FencedStore on) {
    return CoherentCache.builder("product", on, Codec.UTF_8, Duration.ofMinutes(10))
        .storeTimeout(SlowMachine.STORE_TIMEOUT)
        .meterRegistry(registry)
        .build();
  }

  private static Loader<String> loading(String value) {
    return key -> Optional.of(value);
  }

  private void openPartition() {
    delivery.open(0);
  }

  private void reopenDelivery() {
    delivery.close();
    delivery = redis.connectForDelivery();
    openPartition();
    apply(watermarkOnly());
  }

  private void apply(Round round) {
    assertThat(delivery.apply(List.of(round)).values()).containsExactly(RoundOutcome.APPLIED);
  }

  private static Round watermarkOnly() {
    return round(Set.of(), Position.NONE);
  }

  private static Round invalidationOf(String key) {
    return round(Set.of(new CacheKey("product", key)), new Position(1, NEXT_LSN.incrementAndGet()));
  }

  private static Round round(Set<CacheKey> keys, Position ceiling) {
    long lsn = NEXT_LSN.incrementAndGet();
    return new Round(
        0,
        ceiling,
        keys,
        Map.of(),
        Optional.of(new Watermark(new Position(1, lsn), lsn, Instant.EPOCH)),
        "topic",
        lsn);
  }

  private double fills(String outcome) {
    return registry.get("hearth.fills").tags("outcome", outcome).counter().count();
  }

  private double bypasses(String reason) {
    return registry.get("hearth.client.bypasses").tags("reason", reason).counter().count();
  }
}
