package dev.hearth.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/**
 * What a hit costs with 0, 1, 8 and 64 tags, one read at a time, and what a tag takes in Redis. In
 * a build only a few reads, for that it runs; {@code -Dhearth.reads=20000} measures.
 */
class TagCostsTest {
  private static final int[] TAGS = {0, 1, 8, 64};
  private static final int READS = Integer.getInteger("hearth.reads", 200);
  private static final Duration HOUR = Duration.ofHours(1);

  @Test
  void readsOfRedis() {
    try (RedisUnderTest redis = new RedisUnderTest()) {
      measure("Redis", redis);
      CacheKey tag = tags(1).get(0);
      long bytes = redis.redis().memoryUsage(tag.key().getBytes(StandardCharsets.UTF_8));
      System.out.printf(
          Locale.ROOT,
          "Redis: a tag with a key of %d bytes takes %d bytes%n",
          tag.key().length(),
          bytes);
      assertThat(bytes).isBetween(51L, 400L);
    }
  }

  @Test
  void readsOfHazelcast() {
    try (HazelcastUnderTest hazelcast = new HazelcastUnderTest()) {
      measure("Hazelcast", hazelcast);
    }
  }

  private static void measure(String name, StoreUnderTest server) {
    try (FencedStore store = server.connect(HOUR, LeaseToken::random);
        DeliveryTarget delivery = server.connectForDelivery(() -> 1)) {
      for (int partition = 0; partition < StoreUnderTest.PARTITIONS; partition++) {
        delivery.open(partition);
        delivery.apply(
            List.of(new RoundBuilder(partition).watermark(1, 100, 110).offset(5).build()));
      }
      for (int count : TAGS) {
        fill(store, count);
      }
      // Turn by turn, so that whatever else the machine does is shared by all.
      long[][] nanos = new long[TAGS.length][READS];
      for (int read = -READS; read < READS; read++) {
        for (int n = 0; n < TAGS.length; n++) {
          nanos[n][Math.max(0, read)] = read(store, TAGS[n]);
        }
      }
      for (int n = 0; n < TAGS.length; n++) {
        Arrays.sort(nanos[n]);
        System.out.printf(
            Locale.ROOT,
            "%s: a hit with %2d tags p50 %4d us, p95 %4d us, %.2f of one without%n",
            name,
            TAGS[n],
            nanos[n][READS / 2] / 1000,
            nanos[n][READS * 95 / 100] / 1000,
            (double) nanos[n][READS / 2] / nanos[0][READS / 2]);
      }
    }
  }

  private static void fill(FencedStore store, int count) {
    for (CacheKey tag : tags(count)) {
      Lease lease = ((ReadOutcome.Granted) join(store, tag, List.of())).lease();
      store.fill(tag, lease, TagToken.random().value(), HOUR).toCompletableFuture().join();
    }
    Lease lease = ((ReadOutcome.Granted) join(store, key(count), tags(count))).lease();
    store.fill(key(count), lease, Value.of(new byte[500]), HOUR).toCompletableFuture().join();
  }

  private static long read(FencedStore store, int count) {
    List<CacheKey> tags = tags(count);
    long begun = System.nanoTime();
    ReadOutcome outcome = join(store, key(count), tags);
    long nanos = System.nanoTime() - begun;
    assertThat(outcome).isInstanceOf(ReadOutcome.Hit.class);
    return nanos;
  }

  private static ReadOutcome join(FencedStore store, CacheKey key, List<CacheKey> tags) {
    return store.get(key, tags).toCompletableFuture().join();
  }

  private static CacheKey key(int count) {
    return new CacheKey("pages", "page:" + count);
  }

  private static List<CacheKey> tags(int count) {
    return IntStream.range(0, count)
        .mapToObj(n -> new CacheKey("tags", "category-products:" + count + ":" + n))
        .toList();
  }
}
