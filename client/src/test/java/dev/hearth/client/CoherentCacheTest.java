package dev.hearth.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.hearth.client.InMemoryStore.Mood;
import dev.hearth.client.access.AccessRecorder;
import dev.hearth.store.CacheKey;
import dev.hearth.store.Lease;
import dev.hearth.store.Value;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongConsumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class CoherentCacheTest {
  private static final CacheKey KEY = new CacheKey("product", "product:42");

  private final InMemoryStore store = InMemoryStore.withPositions();
  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  private final AtomicInteger loads = new AtomicInteger();

  @Test
  void loadsOnceAndThenAnswersFromTheStore() {
    CoherentCache<String> cache = cache(store).build();

    Optional<String> first = cache.get("product:42", loading("pear"));
    Optional<String> second = cache.get("product:42", loading("not asked"));

    assertThat(first).contains("pear");
    assertThat(second).contains("pear");
    assertThat(loads).hasValue(1);
    assertThat(gets("miss")).isEqualTo(1);
    assertThat(gets("hit")).isEqualTo(1);
    assertThat(fills("stored")).isEqualTo(1);
  }

  @Test
  void remembersThatThereIsNoRow() {
    CoherentCache<String> cache = cache(store).negativeTtl(Duration.ofSeconds(5)).build();

    Optional<String> first = cache.get("product:42", key -> Optional.empty());
    Optional<String> second = cache.get("product:42", loading("not asked"));

    assertThat(first).isEmpty();
    assertThat(second).isEmpty();
    assertThat(loads).hasValue(0);
    assertThat(gets("hit")).isEqualTo(1);
    assertThat(store.lives()).containsExactly(Duration.ofSeconds(5));
  }

  @Test
  void letsNegativeEntriesLiveForHalfAMinuteAtMost() {
    cache(store).build().get("product:1", key -> Optional.empty());
    CoherentCache.builder("product", store, Codec.UTF_8, Duration.ofSeconds(9))
        .jitter(0)
        .build()
        .get("product:2", key -> Optional.empty());

    assertThat(store.lives()).containsExactly(Duration.ofSeconds(30), Duration.ofSeconds(9));
  }

  @Test
  void shortensTheLifeOfAnEntryAtRandom() {
    CoherentCache<String> cache = cache(store).jitter(0.2).random(() -> 0.5).build();

    cache.get("product:42", loading("pear"));

    assertThat(store.lives()).containsExactly(Duration.ofMinutes(54));
  }

  // R1
  @Test
  void neverStoresWhatWasLoadedBeforeAnInvalidation() {
    CoherentCache<String> cache = cache(store).build();

    Optional<String> overtaken =
        cache.get(
            "product:42",
            key -> {
              store.invalidate(KEY);
              return Optional.of("old");
            });
    Optional<String> next = cache.get("product:42", loading("new"));

    assertThat(overtaken).contains("old");
    assertThat(next).contains("new");
    assertThat(stored()).contains("new");
    assertThat(fills("lease_lost")).isEqualTo(1);
    assertThat(fills("stored")).isEqualTo(1);
  }

  // R10
  @Test
  void neverStoresThatThereIsNoRowAfterItWasInserted() {
    CoherentCache<String> cache = cache(store).build();

    cache.get(
        "product:42",
        key -> {
          store.invalidate(KEY);
          return Optional.empty();
        });
    Optional<String> next = cache.get("product:42", loading("inserted"));

    assertThat(next).contains("inserted");
  }

  @Test
  void takesTheLeaseBeforeItLoads() {
    CoherentCache<String> cache = cache(store).build();
    AtomicInteger getsAtLoad = new AtomicInteger();

    cache.get(
        "product:42",
        key -> {
          getsAtLoad.set(store.gets());
          return Optional.of("pear");
        });

    assertThat(getsAtLoad).hasValue(1);
  }

  @Test
  void waitsForTheFillOfAnotherProcess() {
    Lease lease = store.leaseOfAnotherProcess(KEY);
    AtomicInteger pauses = new AtomicInteger();
    CoherentCache<String> cache =
        pausing(
                nanos -> {
                  if (pauses.incrementAndGet() == 3) {
                    store.fillOfAnotherProcess(KEY, lease, bytes("theirs"));
                  }
                })
            .build();

    Optional<String> value = cache.get("product:42", loading("not asked"));

    assertThat(value).contains("theirs");
    assertThat(loads).hasValue(0);
    assertThat(pauses).hasValue(3);
    assertThat(gets("hit")).isEqualTo(1);
    assertThat(bypasses("busy")).isZero();
  }

  @Test
  void loadsUncachedWhenAnotherProcessFillsForTooLong() {
    store.leaseOfAnotherProcess(KEY);
    AtomicLong paused = new AtomicLong();
    CoherentCache<String> cache =
        pausing(paused::addAndGet).busyBound(Duration.ofMillis(70)).build();

    Optional<String> value = cache.get("product:42", loading("mine"));

    assertThat(value).contains("mine");
    assertThat(stored()).isEmpty();
    assertThat(Duration.ofNanos(paused.get())).isEqualTo(Duration.ofMillis(70));
    assertThat(bypasses("busy")).isEqualTo(1);
  }

  @Test
  void waitsNoLongerForAFillWhenInterrupted() {
    store.leaseOfAnotherProcess(KEY);
    AtomicInteger pauses = new AtomicInteger();
    CoherentCache<String> cache =
        pausing(
                nanos -> {
                  pauses.incrementAndGet();
                  Thread.currentThread().interrupt();
                })
            .build();

    Optional<String> value = cache.get("product:42", loading("mine"));

    assertThat(Thread.interrupted()).isTrue();
    assertThat(value).contains("mine");
    assertThat(pauses).hasValue(1);
  }

  @Test
  void loadsUncachedWhereTheStoreKnowsNoPosition() {
    InMemoryStore unborn = InMemoryStore.withoutPositions();
    CoherentCache<String> cache = cache(unborn).build();

    Optional<String> value = cache.get("product:42", loading("pear"));

    assertThat(value).contains("pear");
    assertThat(unborn.stored(KEY)).isEmpty();
    assertThat(bypasses("uncertain")).isEqualTo(1);
  }

  @ParameterizedTest
  @EnumSource(names = "ANSWERS", mode = EnumSource.Mode.EXCLUDE)
  void loadsUncachedWhenTheStoreCannotBeRead(Mood mood) {
    store.mood = mood;
    CoherentCache<String> cache = cache(store).storeTimeout(Duration.ofMillis(20)).build();

    Optional<String> value = cache.get("product:42", loading("pear"));

    assertThat(value).contains("pear");
    assertThat(bypasses("store_failure")).isEqualTo(1);
    assertThat(gets("miss")).isEqualTo(1);
  }

  @ParameterizedTest
  @EnumSource(names = "ANSWERS", mode = EnumSource.Mode.EXCLUDE)
  void returnsTheValueWhenTheStoreCannotBeFilled(Mood mood) {
    store.fillMood = mood;
    CoherentCache<String> cache = cache(store).storeTimeout(Duration.ofMillis(20)).build();

    Optional<String> value = cache.get("product:42", loading("pear"));

    assertThat(value).contains("pear");
    assertThat(bypasses("store_failure")).isEqualTo(1);
    assertThat(loads).hasValue(1);
  }

  @Test
  void comesBackWhenTheStoreDoes() {
    CoherentCache<String> cache = cache(store).build();

    store.mood = Mood.FAILS;
    cache.get("product:42", loading("pear"));
    store.mood = Mood.ANSWERS;
    cache.get("product:42", loading("pear"));
    cache.get("product:42", loading("not asked"));

    assertThat(loads).hasValue(2);
    assertThat(gets("hit")).isEqualTo(1);
  }

  @Test
  void loadsWhatTheCodecCannotReadAndLeavesTheEntryAlone() {
    store.fillOfAnotherProcess(
        KEY, store.leaseOfAnotherProcess(KEY), Value.of(new byte[] {(byte) 0xFF}));
    CoherentCache<String> cache = cache(store).build();

    Optional<String> value = cache.get("product:42", loading("pear"));

    assertThat(value).contains("pear");
    assertThat(store.stored(KEY)).contains(Value.of(new byte[] {(byte) 0xFF}));
    assertThat(bypasses("undecodable")).isEqualTo(1);
    assertThat(gets("miss")).isEqualTo(1);
  }

  @Test
  void returnsWhatTheCodecCannotWrite() {
    CoherentCache<String> cache = cache(store).build();

    Optional<String> value = cache.get("product:42", loading("\uD83C"));

    assertThat(value).contains("\uD83C");
    assertThat(store.lives()).isEmpty();
    assertThat(bypasses("unencodable")).isEqualTo(1);
  }

  @Test
  void passesOnALoadersUncheckedExceptionUnchanged() {
    CoherentCache<String> cache = cache(store).build();
    IllegalArgumentException failure = new IllegalArgumentException("no such table");

    assertThatThrownBy(
            () ->
                cache.get(
                    "product:42",
                    key -> {
                      throw failure;
                    }))
        .isSameAs(failure);

    assertThat(cache.flightsUnderWay()).isZero();
    assertThat(gets("miss")).isEqualTo(1);
  }

  @Test
  void givesTheLeaseOfAFailedLoadBackSoThatTheNextReaderFills() {
    CoherentCache<String> cache = cache(store).build();
    assertThatThrownBy(
            () ->
                cache.get(
                    "product:42",
                    key -> {
                      throw new IllegalStateException("database away");
                    }))
        .hasMessage("database away");

    cache.get("product:42", loading("pear"));

    assertThat(store.stored(new CacheKey("product", "product:42")))
        .contains(Value.of("pear".getBytes(StandardCharsets.UTF_8)));
  }

  @Test
  void passesOnALoadersErrorUnchanged() {
    CoherentCache<String> cache = cache(store).build();
    StackOverflowError failure = new StackOverflowError();

    assertThatThrownBy(
            () ->
                cache.get(
                    "product:42",
                    key -> {
                      throw failure;
                    }))
        .isSameAs(failure);

    assertThat(cache.flightsUnderWay()).isZero();
  }

  @Test
  void wrapsALoadersCheckedException() {
    CoherentCache<String> cache = cache(store).build();
    IOException failure = new IOException("connection reset");

    assertThatThrownBy(
            () ->
                cache.get(
                    "product:42",
                    key -> {
                      throw failure;
                    }))
        .isInstanceOf(LoaderException.class)
        .hasCause(failure)
        .hasMessage(
            "the loader of cache product failed for key \"product:42\":"
                + " java.io.IOException: connection reset");
  }

  @Test
  void keepsTheInterruptOfALoaderThatWasInterrupted() {
    CoherentCache<String> cache = cache(store).build();

    assertThatThrownBy(
            () ->
                cache.get(
                    "product:42",
                    key -> {
                      throw new InterruptedException();
                    }))
        .isInstanceOf(LoaderException.class);

    assertThat(Thread.interrupted()).isTrue();
  }

  @Test
  @SuppressWarnings("NullAway") // what an application without null checks may do
  void saysWhichLoaderReturnedNull() {
    CoherentCache<String> cache = cache(store).build();

    assertThatThrownBy(() -> cache.get("product:42", key -> null))
        .hasMessage(
            "the loader of cache product returned null for key \"product:42\";"
                + " expected Optional.empty() where there is no row");
  }

  @Test
  void tellsTheRecorderHowLargeAValueIsOnceItWasEncodedOrDecoded() {
    List<String> told = new CopyOnWriteArrayList<>();
    AccessRecorder recorder =
        new AccessRecorder() {
          @Override
          public void hit(String cache, String key) {}

          @Override
          public void miss(String cache, String key, long loadNanos) {}

          @Override
          public void hit(String cache, String key, int bytes) {
            told.add("hit " + bytes);
          }

          @Override
          public void miss(String cache, String key, long loadNanos, int bytes) {
            told.add("miss " + bytes);
          }
        };
    CoherentCache<String> cache = cache(store).accessRecorder(recorder).build();

    cache.get("product:42", key -> Optional.of("p\u00e4r"));
    cache.get("product:42", loading("not asked"));
    cache.get("product:43", key -> Optional.empty());
    cache.get("product:43", loading("not asked"));

    assertThat(told).containsExactly("miss 4", "hit 4", "miss 0", "hit 0");
  }

  @Test
  void tellsTheRecorderOfEveryRead() {
    List<String> told = new CopyOnWriteArrayList<>();
    AccessRecorder recorder =
        new AccessRecorder() {
          @Override
          public void hit(String cache, String key) {
            told.add("hit " + cache + " " + key);
          }

          @Override
          public void miss(String cache, String key, long loadNanos) {
            told.add("miss " + cache + " " + key + " " + loadNanos);
          }
        };
    AtomicLong now = new AtomicLong();
    CoherentCache<String> cache =
        cache(store).accessRecorder(recorder).time(now::get, nanos -> {}).build();

    cache.get(
        "product:42",
        key -> {
          now.addAndGet(5_000);
          return Optional.of("pear");
        });
    cache.get("product:42", loading("not asked"));

    assertThat(told).containsExactly("miss product product:42 5000", "hit product product:42");
  }

  @Test
  void refusesSettingsThatAreOutOfRange() {
    assertThatThrownBy(() -> cache(store).storeTimeout(Duration.ZERO).build())
        .hasMessage("storeTimeout is PT0S; expected 1 millisecond to 1 hour");
    assertThatThrownBy(() -> cache(store).jitter(1.5).build())
        .hasMessage("jitter is 1.5; expected a share, 0 to 1");
  }

  private CoherentCache.Builder<String> cache(InMemoryStore on) {
    return CoherentCache.builder("product", on, Codec.UTF_8, Duration.ofHours(1))
        .jitter(0)
        .meterRegistry(registry);
  }

  /** A cache for which time passes only while it pauses. */
  private CoherentCache.Builder<String> pausing(LongConsumer pause) {
    AtomicLong now = new AtomicLong();
    return cache(store)
        .time(
            now::get,
            nanos -> {
              now.addAndGet(nanos);
              pause.accept(nanos);
            });
  }

  private Loader<String> loading(String value) {
    return key -> {
      loads.incrementAndGet();
      return Optional.of(value);
    };
  }

  private Optional<String> stored() {
    return store
        .stored(KEY)
        .flatMap(Value::bytes)
        .map(bytes -> new String(bytes, StandardCharsets.UTF_8));
  }

  private static Value bytes(String text) {
    return Value.of(text.getBytes(StandardCharsets.UTF_8));
  }

  private double gets(String result) {
    return registry.get("cache.gets").tags("cache", "product", "result", result).counter().count();
  }

  private double fills(String outcome) {
    return registry
        .get("hearth.fills")
        .tags("cache", "product", "store", "memory", "outcome", outcome)
        .counter()
        .count();
  }

  private double bypasses(String reason) {
    return registry
        .get("hearth.client.bypasses")
        .tags("cache", "product", "reason", reason)
        .counter()
        .count();
  }
}
