package dev.hearth.warmer.refresh;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.sandbox.Cases;
import dev.hearth.store.CacheKey;
import dev.hearth.warmer.refresh.RefreshBook.Batch;
import dev.hearth.warmer.refresh.RefreshBook.Target;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class RefreshBookTest {
  private static final Instant NOW = Instant.parse("2026-11-23T18:00:00Z");
  private static final Target REDIS = new Target("product", "redis");

  private final RefreshBook book = new RefreshBook(100);

  @Test
  void aKeyIsFilledOnceTheStoreIsPastItsInvalidation() {
    add("redis", 0, 10, "a");
    book.applied("redis", 0, 9);
    book.applied("redis", 1, 99);
    book.applied("hazelcast", 0, 99);
    assertThat(book.take(10)).isEmpty();

    book.applied("redis", 0, 10);

    assertThat(book.take(10)).containsExactly(new Batch(REDIS, List.of("a")));
    assertThat(book.take(10)).isEmpty();
    assertThat(book.size()).isZero();
  }

  @Test
  void theDeliveryMayBeHeardOfFirst() {
    book.applied("redis", 0, 10);

    add("redis", 0, 10, "a");
    add("redis", 0, 11, "b");

    assertThat(book.take(10)).containsExactly(new Batch(REDIS, List.of("a")));
  }

  @Test
  void aKeyThatIsTakenOutAgainAndAgainIsFilledOnce() {
    for (int offset = 0; offset < 50; offset++) {
      add("redis", 0, offset, "a");
    }

    book.applied("redis", 0, 49);

    assertThat(book.take(10)).containsExactly(new Batch(REDIS, List.of("a")));
    assertThat(book.size()).isZero();
  }

  @Test
  void batchesAreOfOneCacheInOneStoreAndBounded() {
    for (int i = 0; i < 25; i++) {
      add("redis", 0, i, "key " + i);
    }
    add("hazelcast", 0, 3, "key 3");
    book.applied("redis", 0, 24);
    book.applied("hazelcast", 0, 24);

    List<Batch> batches = book.take(10);

    assertThat(batches.stream().filter(batch -> batch.target().equals(REDIS)).toList())
        .extracting(batch -> batch.keys().size())
        .containsExactly(10, 10, 5);
    assertThat(batches).contains(new Batch(new Target("product", "hazelcast"), List.of("key 3")));
  }

  @Test
  void whatAStoreDoesNotApplyIsGivenUp() {
    add("redis", 0, 1, "a");

    assertThat(book.giveUp(NOW.plusSeconds(60))).isEmpty();
    assertThat(book.giveUp(NOW.plusSeconds(61))).isEqualTo(Map.of("product", 1));
    assertThat(book.size()).isZero();
  }

  @Test
  void neverHoldsMoreThanItMayAndNeverMiscounts() {
    Cases.check(5, RefreshBookTest::holdsNoMoreThanItMay);
  }

  private static void holdsNoMoreThanItMay(Random random) {
    RefreshBook each = new RefreshBook(100);
    int refused = 0;
    for (int i = 0; i < 10_000; i++) {
      switch (random.nextInt(300)) {
        case 0 -> each.applied("redis", random.nextInt(4), random.nextInt(10_000));
        case 1 -> each.take(7);
        case 2 -> each.giveUp(NOW.plusSeconds(random.nextInt(90)));
        default -> {
          boolean room =
              each.add(
                  "redis",
                  random.nextInt(4),
                  i,
                  new CacheKey("product", "key " + random.nextInt(500)),
                  NOW.plusSeconds(random.nextInt(60)));
          refused += room ? 0 : 1;
        }
      }
      assertThat(each.size()).isBetween(0, 100);
    }
    assertThat(refused).isPositive();
    for (int partition = 0; partition < 4; partition++) {
      each.applied("redis", partition, 10_000);
    }
    each.take(7);
    assertThat(each.size()).isZero();
  }

  private void add(String store, int partition, long offset, String key) {
    assertThat(book.add(store, partition, offset, new CacheKey("product", key), NOW)).isTrue();
  }
}
