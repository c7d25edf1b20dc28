package dev.hearth.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.hearth.client.InMemoryStore.Mood;
import dev.hearth.store.CacheKey;
import dev.hearth.store.Lease;
import dev.hearth.store.TagToken;
import dev.hearth.store.Value;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Reads with tags, on the protocol as a store. */
class TagsTest {
  private static final String KEY = "page:1";
  private static final Tag FRUIT = new Tag("category", "category:fruit");
  private static final Tag NUTS = new Tag("category", "category:nuts");
  private static final Tag BRAND = new Tag("brand", "brand:7");

  private final InMemoryStore store = InMemoryStore.withPositions();
  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  private final AtomicInteger loads = new AtomicInteger();
  private final CoherentCache<String> cache = cache().build();

  @Test
  void loadsOnceAndThenAnswersFromTheStore() {
    Optional<String> first = cache.get(KEY, List.of(FRUIT, BRAND), loading("pear"));
    Optional<String> second = cache.get(KEY, List.of(FRUIT, BRAND), loading("not asked"));

    assertThat(first).contains("pear");
    assertThat(second).contains("pear");
    assertThat(loads).hasValue(1);
  }

  @Test
  void loadsAgainAfterAnyOfItsTagsWasInvalidated() {
    List<Tag> tags = List.of(FRUIT, NUTS, BRAND);
    cache.get(KEY, tags, loading("first"));

    for (Tag tag : tags) {
      store.invalidate(tag.cacheKey());

      assertThat(cache.get(KEY, tags, loading("after " + tag))).contains("after " + tag);
      assertThat(cache.get(KEY, tags, loading("not asked"))).contains("after " + tag);
    }
  }

  @Test
  void aTagThatNobodyNamedVoidsNothing() {
    cache.get(KEY, List.of(FRUIT), loading("pear"));
    cache.get("page:2", List.of(NUTS), loading("walnut"));

    store.invalidate(NUTS.cacheKey());

    assertThat(cache.get(KEY, List.of(FRUIT), loading("not asked"))).contains("pear");
    assertThat(cache.get("page:2", List.of(NUTS), loading("hazel"))).contains("hazel");
  }

  @Test
  void oneTagVoidsEverythingThatWasFilledUnderIt() {
    for (int page = 0; page < 20; page++) {
      cache.get("page:" + page, List.of(FRUIT), loading("old"));
    }

    store.invalidate(FRUIT.cacheKey());

    for (int page = 0; page < 20; page++) {
      assertThat(cache.get("page:" + page, List.of(FRUIT), loading("new"))).contains("new");
    }
  }

  /** R22: the change is applied while the loader has already read. */
  @Test
  void neverAnswersWithWhatWasLoadedBeforeATagsInvalidation() {
    Optional<String> overtaken =
        cache.get(
            KEY,
            List.of(FRUIT),
            key -> {
              store.invalidate(FRUIT.cacheKey());
              // Somebody else creates the tag again before this fill is stored.
              cache.get("page:2", List.of(FRUIT), other -> Optional.of("other"));
              return Optional.of("old");
            });

    assertThat(overtaken).contains("old");
    assertThat(cache.get(KEY, List.of(FRUIT), loading("new"))).contains("new");
  }

  @Test
  void aTagThatTheStoreLostVoidsWhatWasFilledUnderIt() {
    cache.get(KEY, List.of(FRUIT), loading("old"));

    store.drop(FRUIT.cacheKey());

    assertThat(cache.get(KEY, List.of(FRUIT), loading("new"))).contains("new");
  }

  @Test
  void remembersUnderTagsThatThereIsNothing() {
    cache.get(KEY, List.of(FRUIT), key -> Optional.empty());

    assertThat(cache.get(KEY, List.of(FRUIT), loading("not asked"))).isEmpty();
    store.invalidate(FRUIT.cacheKey());
    assertThat(cache.get(KEY, List.of(FRUIT), loading("inserted"))).contains("inserted");
  }

  @Test
  void theOrderOfTagsAndTheirRepetitionDoNotMatter() {
    cache.get(KEY, List.of(FRUIT, BRAND, FRUIT), loading("pear"));

    assertThat(cache.get(KEY, List.of(BRAND, FRUIT), loading("not asked"))).contains("pear");
  }

  @Test
  void whoNamesOtherTagsIsNotAnsweredWithWhatIsNotFilledUnderThem() {
    cache.get(KEY, List.of(FRUIT), loading("under fruit"));
    store.invalidate(NUTS.cacheKey());

    assertThat(cache.get(KEY, List.of(FRUIT, NUTS), loading("under both"))).contains("under both");
    assertThat(cache.get(KEY, loading("under none"))).contains("under none");
    assertThat(cache.get(KEY, List.of(FRUIT), loading("again"))).contains("again");
  }

  @Test
  void callersWhoNameOtherTagsShareNoFlight() throws Exception {
    cache.get(KEY, List.of(FRUIT), loading("old"));
    CountDownLatch asked = new CountDownLatch(1);
    CountDownLatch resumed = new CountDownLatch(1);
    store.drop(new CacheKey("pages", KEY));
    InBackground<Optional<String>> underFruit =
        InBackground.call(
            "fruit",
            () ->
                cache.get(
                    KEY,
                    List.of(FRUIT),
                    key -> {
                      asked.countDown();
                      InBackground.await(resumed);
                      return Optional.of("under fruit");
                    }));
    InBackground.await(asked);

    InBackground<Optional<String>> underNuts =
        InBackground.call("nuts", () -> cache.get(KEY, List.of(NUTS), loading("under nuts")));

    assertThat(underNuts.await()).contains("under nuts");
    resumed.countDown();
    assertThat(underFruit.await()).contains("under fruit");
  }

  @Test
  void waitsForATagThatAnotherProcessCreates() {
    Lease lease = store.leaseOfAnotherProcess(FRUIT.cacheKey());
    AtomicInteger pauses = new AtomicInteger();
    AtomicLong now = new AtomicLong();
    CoherentCache<String> waiting =
        cache()
            .time(
                now::get,
                nanos -> {
                  now.addAndGet(nanos);
                  if (pauses.incrementAndGet() == 3) {
                    store.fillOfAnotherProcess(FRUIT.cacheKey(), lease, new TagToken(1, 1).value());
                  }
                })
            .build();

    waiting.get(KEY, List.of(FRUIT), loading("pear"));

    assertThat(pauses).hasValue(3);
    assertThat(cache.get(KEY, List.of(FRUIT), loading("not asked"))).contains("pear");
  }

  @Test
  void loadsUncachedWhereATagCannotBeHad() {
    store.leaseOfAnotherProcess(FRUIT.cacheKey());
    AtomicLong now = new AtomicLong();
    CoherentCache<String> waiting = cache().time(now::get, now::addAndGet).build();

    assertThat(waiting.get(KEY, List.of(FRUIT), loading("pear"))).contains("pear");

    assertThat(bypasses("tags")).isEqualTo(1);
    assertThat(store.stored(new CacheKey("pages", KEY))).isEmpty();
  }

  @Test
  void loadsUncachedWhereTheStoreDoesNotTakeATag() {
    store.fillMood = Mood.FAILS;

    assertThat(cache.get(KEY, List.of(FRUIT), loading("pear"))).contains("pear");

    assertThat(bypasses("store_failure")).isEqualTo(1);
    store.fillMood = Mood.ANSWERS;
    assertThat(store.stored(new CacheKey("pages", KEY))).isEmpty();
  }

  @Test
  void tagsLiveAsLongAsTheirGroupSays() {
    cache.get(KEY, List.of(FRUIT, BRAND), loading("pear"));

    assertThat(store.lives())
        .containsExactly(Duration.ofDays(2), Duration.ofDays(1), Duration.ofHours(1));
  }

  @Test
  void aValueThatIsNoTokenIsNoTag() {
    CacheKey tag = FRUIT.cacheKey();
    store.fillOfAnotherProcess(tag, store.leaseOfAnotherProcess(tag), Value.absent());

    assertThat(cache.get(KEY, List.of(FRUIT), loading("first"))).contains("first");
    assertThat(cache.get(KEY, List.of(FRUIT), loading("second"))).contains("second");
  }

  @Test
  void refusesTagsOfAGroupThatItDoesNotKnowAndTooMany() {
    List<Tag> many =
        IntStream.range(0, 65).mapToObj(n -> new Tag("category", "category:" + n)).toList();

    assertThatThrownBy(() -> cache.get(KEY, List.of(new Tag("colour", "c:1")), loading("x")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "cache pages is read with tag \"c:1\" of group colour; expected one of brand,"
                + " category. Name the group to the cache's builder with tags(\"colour\", ...)");
    assertThatThrownBy(() -> cache.get(KEY, many, loading("x")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "cache pages is read with 65 tags for key \"page:1\"; expected 64 at most: name a group"
                + " of rows by one tag, not each row by its own");
    assertThatThrownBy(() -> cache().tags("pages", Duration.ofDays(1)).build())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("cache pages names itself as a group of tags; tags are a group of their own");
    assertThat(cache.get(KEY, many.subList(0, 64), loading("x"))).contains("x");
    assertThat(loads).hasValue(1);
  }

  private CoherentCache.Builder<String> cache() {
    return CoherentCache.builder("pages", store, Codec.UTF_8, Duration.ofHours(1))
        .tags("category", Duration.ofDays(1))
        .tags("brand", Duration.ofDays(2))
        .jitter(0)
        .meterRegistry(registry);
  }

  private Loader<String> loading(String value) {
    return key -> {
      loads.incrementAndGet();
      return Optional.of(value);
    };
  }

  private double bypasses(String reason) {
    return registry
        .get("hearth.client.bypasses")
        .tags("cache", "pages", "reason", reason)
        .counter()
        .count();
  }
}
