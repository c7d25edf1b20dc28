package dev.hearth.client;

import static dev.hearth.client.Eventually.eventuallyWaits;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.hearth.client.InMemoryStore.Mood;
import dev.hearth.sandbox.Cases;
import dev.hearth.store.CacheKey;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

class SingleFlightTest {
  private static final int READERS = 8;

  private final InMemoryStore store = InMemoryStore.withPositions();
  private final CoherentCache<String> cache = cache("product");
  private final AtomicInteger loads = new AtomicInteger();
  private final CountDownLatch mayLand = new CountDownLatch(1);

  @Test
  void sharesOneStoreReadAndOneLoad() throws Exception {
    InBackground<Optional<String>> leader = leading(Optional.of("pear"));
    List<InBackground<Optional<String>>> followers = joining();

    mayLand.countDown();

    assertThat(leader.await()).contains("pear");
    for (InBackground<Optional<String>> follower : followers) {
      assertThat(follower.await()).contains("pear");
    }
    assertThat(loads).hasValue(1);
    assertThat(store.gets()).isEqualTo(1);
    assertThat(cache.flightsUnderWay()).isZero();
  }

  @Test
  void failsForEverybodyWhoJoined() throws Exception {
    IllegalStateException failure = new IllegalStateException("no connection");
    InBackground<Optional<String>> leader =
        leading(
            () -> {
              throw failure;
            });
    List<InBackground<Optional<String>>> followers = joining();

    mayLand.countDown();

    assertFailed(leader, failure);
    for (InBackground<Optional<String>> follower : followers) {
      assertFailed(follower, failure);
    }
    assertThat(cache.flightsUnderWay()).isZero();
  }

  @Test
  void failsForNobodyWhoComesLater() throws Exception {
    InBackground<Optional<String>> leader =
        leading(
            () -> {
              throw new IllegalStateException("no connection");
            });
    mayLand.countDown();
    assertThatThrownBy(leader::await).isInstanceOf(ExecutionException.class);

    Optional<String> later = cache.get("product:42", key -> Optional.of("pear"));

    assertThat(later).contains("pear");
  }

  @Test
  void letsOtherKeysFlyBesideIt() throws Exception {
    InBackground<Optional<String>> leader = leading(Optional.of("pear"));

    Optional<String> other = cache.get("product:43", key -> Optional.of("plum"));

    assertThat(other).contains("plum");
    mayLand.countDown();
    assertThat(leader.await()).contains("pear");
  }

  @Test
  void refusesALoaderThatReadsItsOwnKey() {
    assertThatThrownBy(
            () ->
                cache.get(
                    "product:42", key -> cache.get(key, again -> Optional.of("never loaded"))))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage(
            "the loader of key \"product:42\" reads the same key; read the database there instead");

    assertThat(cache.flightsUnderWay()).isZero();
  }

  @Test
  void letsALoaderReadOtherKeys() {
    Optional<String> value =
        cache.get(
            "product:42",
            key -> cache.get("category:7", other -> Optional.of("fruit")).map(c -> "pear, " + c));

    assertThat(value).contains("pear, fruit");
    assertThat(store.stored(new CacheKey("product", "category:7"))).isPresent();
    assertThat(store.stored(new CacheKey("product", "product:42"))).isPresent();
  }

  @Test
  void letsNoTwoLoadersWaitForOneAnother() throws Exception {
    CoherentCache<String> categories = cache("category");
    CountDownLatch bothLoad = new CountDownLatch(2);

    InBackground<Optional<String>> one =
        InBackground.call(
            "one",
            () ->
                cache.get(
                    "product:42",
                    key -> {
                      bothLoad.countDown();
                      InBackground.await(bothLoad);
                      return categories.get("category:7", other -> Optional.of("fruit"));
                    }));
    InBackground<Optional<String>> other =
        InBackground.call(
            "other",
            () ->
                categories.get(
                    "category:7",
                    key -> {
                      bothLoad.countDown();
                      InBackground.await(bothLoad);
                      return cache.get("product:42", product -> Optional.of("pear"));
                    }));

    assertThat(one.await()).isPresent();
    assertThat(other.await()).isPresent();
  }

  @Test
  void holdsNoFlightAfterAStormOfReadsFailuresAndInvalidations() throws Exception {
    long seed = Cases.seed();
    int reads = Cases.number(2_000);
    AtomicInteger expectedFailures = new AtomicInteger();
    List<InBackground<Boolean>> readers = new ArrayList<>();

    for (int reader = 0; reader < READERS; reader++) {
      Random random = new Random(seed + reader);
      readers.add(
          InBackground.call(
              "reader-" + reader,
              () -> {
                for (int read = 0; read < reads; read++) {
                  stormyRead(random, expectedFailures);
                }
                return true;
              }));
    }

    for (InBackground<Boolean> reader : readers) {
      assertThat(reader.await()).isTrue();
    }
    assertThat(expectedFailures.get()).isPositive();
    assertThat(cache.flightsUnderWay()).as("-Dhearth.seed=%d", seed).isZero();
  }

  private void stormyRead(Random random, AtomicInteger failures) {
    String key = "product:" + random.nextInt(5);
    store.mood = random.nextInt(10) == 0 ? Mood.FAILS : Mood.ANSWERS;
    boolean fails = random.nextInt(4) == 0;
    try {
      Optional<String> value =
          cache.get(
              key,
              loaded -> {
                LockSupport.parkNanos(1); // lets others join
                if (fails) {
                  throw new UnsupportedOperationException();
                }
                return Optional.of(loaded);
              });
      assertThat(value).contains(key);
    } catch (UnsupportedOperationException e) {
      failures.incrementAndGet();
    }
    if (random.nextInt(3) == 0) {
      store.drop(new CacheKey("product", key));
    }
  }

  private CoherentCache<String> cache(String name) {
    return CoherentCache.builder(name, store, Codec.UTF_8, Duration.ofHours(1))
        .busyBound(Duration.ofMillis(1))
        .build();
  }

  private InBackground<Optional<String>> leading(Optional<String> value) throws Exception {
    return leading(() -> value);
  }

  /** A flight that is in its loader, and stays there until it may land. */
  private InBackground<Optional<String>> leading(
      java.util.function.Supplier<Optional<String>> outcome) throws Exception {
    CountDownLatch loading = new CountDownLatch(1);
    InBackground<Optional<String>> leader =
        InBackground.call(
            "leader",
            () ->
                cache.get(
                    "product:42",
                    key -> {
                      loads.incrementAndGet();
                      loading.countDown();
                      InBackground.await(mayLand);
                      return outcome.get();
                    }));
    InBackground.await(loading);
    return leader;
  }

  private List<InBackground<Optional<String>>> joining() {
    List<InBackground<Optional<String>>> followers = new ArrayList<>();
    for (int follower = 0; follower < READERS; follower++) {
      followers.add(
          InBackground.call(
              "follower-" + follower,
              () ->
                  cache.get(
                      "product:42",
                      key -> {
                        loads.incrementAndGet();
                        return Optional.of("a load too many");
                      })));
    }
    followers.forEach(follower -> eventuallyWaits(follower.thread()));
    return followers;
  }

  private static void assertFailed(
      InBackground<Optional<String>> reader, RuntimeException failure) {
    assertThatThrownBy(reader::await)
        .isInstanceOf(ExecutionException.class)
        .cause()
        .isSameAs(failure);
  }
}
