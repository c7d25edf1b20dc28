package dev.hearth.client;

import static dev.hearth.client.Eventually.eventually;
import static dev.hearth.client.HandMadePipeline.key;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.hearth.client.feed.InvalidationFeed;
import dev.hearth.sandbox.Sandbox;
import dev.hearth.sandbox.Server;
import dev.hearth.schemas.position.Position;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Tokens, bounds and near caches on a real PostgreSQL, Kafka and Redis. */
class FreshReadsTest {
  private static final AtomicInteger NUMBER = new AtomicInteger();
  private static final Duration LONG = Duration.ofMinutes(5);
  private static final Duration SHORT = Duration.ofMillis(300);

  private static Sandbox sandbox;

  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  private final AtomicInteger loads = new AtomicInteger();
  private HandMadePipeline pipeline;
  private InvalidationFeed feed;

  @BeforeAll
  static void startServers() {
    sandbox = Sandbox.builder().servers(Server.POSTGRES, Server.KAFKA, Server.REDIS).start();
  }

  @AfterAll
  static void stopServers() {
    sandbox.close();
  }

  @BeforeEach
  void begin() throws Exception {
    pipeline = new HandMadePipeline(sandbox, "fresh" + NUMBER.incrementAndGet());
    feed = pipeline.feed(registry);
    pipeline.raiseEpoch(true);
    pipeline.write(1, "old");
    pipeline.settle(feed);
  }

  @AfterEach
  void end() throws Exception {
    pipeline.close();
  }

  @Test
  void aReaderWithATokenSeesTheWriteBeforeTheStoreKnowsOfIt() throws Exception {
    CoherentCache<String> cache = pipeline.cache(feed, registry).build();
    cache.get(key(1), loading());

    WriteToken token = pipeline.write(1, "new");

    assertThat(cache.get(key(1), loading())).contains("old");
    assertThat(cache.get(key(1), loading(), Freshness.after(token))).contains("new");
    assertThat(bypasses("behind_token")).isEqualTo(1);
  }

  @Test
  void aReaderThatAsksForFreshnessMayNotLoadOnAStandbyThatOnlyHasWhatTheStoreKnows()
      throws Exception {
    CoherentCache<String> cache = pipeline.cache(feed, registry).build();
    List<LoadContext> contexts = new CopyOnWriteArrayList<>();
    Loader<String> recording =
        new Loader<>() {
          @Override
          public Optional<String> load(String key) {
            throw new AssertionError("a cache says where a load may read");
          }

          @Override
          public Optional<String> load(String key, LoadContext context) {
            contexts.add(context);
            return Optional.of("loaded");
          }
        };
    WriteToken token = pipeline.write(1, "new");

    cache.get(key(1), recording, Freshness.after(token));
    cache.get(key(2), recording, Freshness.within(LONG));
    cache.get(key(3), recording);

    assertThat(contexts.subList(0, 2)).containsOnly(LoadContext.primaryOnly());
    Position floor = contexts.get(2).floor().orElseThrow();
    assertThat(feed.histories().of(floor.epoch()))
        .hasValueSatisfying(
            history -> assertThat(history.systemIdentifier()).isEqualTo(token.systemIdentifier()));
  }

  @Test
  void aReaderWithATokenIsAnsweredByTheStoreOnceItVouchesForTheWrite() throws Exception {
    CoherentCache<String> cache = pipeline.cache(feed, registry).build();
    cache.get(key(1), loading());
    WriteToken token = pipeline.write(1, "new");
    pipeline.invalidate(key(1));
    pipeline.settle(feed);
    cache.get(key(1), loading());
    loads.set(0);

    Optional<String> value =
        cache.get(key(1), loading(), Freshness.after(WriteToken.decode(token.encode())));

    assertThat(value).contains("new");
    assertThat(loads).hasValue(0);
  }

  @Test
  void aTokenOfAnotherTimelineLeadsToTheDatabase() throws Exception {
    CoherentCache<String> cache = pipeline.cache(feed, registry).build();
    WriteToken token = pipeline.write(2, "pear");
    pipeline.settle(feed);
    cache.get(key(1), loading());
    cache.get(key(1), neverAsked(), Freshness.after(token));

    WriteToken promoted = new WriteToken(token.systemIdentifier(), 2, token.lsn());
    WriteToken restored = new WriteToken("1" + token.systemIdentifier().substring(1), 1, 1);
    loads.set(0);
    cache.get(key(1), loading(), Freshness.after(promoted));
    cache.get(key(1), loading(), Freshness.after(restored));

    assertThat(loads).hasValue(2);
  }

  @Test
  void anEpochThatIsNotSettledProvesNothing() throws Exception {
    CoherentCache<String> cache = pipeline.cache(feed, registry).build();
    WriteToken token = pipeline.write(2, "pear");
    pipeline.raiseEpoch(false);
    pipeline.mark();
    pipeline.deliver();
    cache.get(key(1), loading());
    loads.set(0);

    cache.get(key(1), loading(), Freshness.after(token));
    cache.get(key(1), loading(), Freshness.within(LONG));

    assertThat(loads).hasValue(2);
    assertThat(bypasses("unproven")).isEqualTo(2);

    pipeline.raiseEpoch(true);
    pipeline.settle(feed);
    cache.get(key(1), loading());
    assertThat(cache.get(key(1), neverAsked(), Freshness.after(token))).contains("old");
    assertThat(cache.get(key(1), neverAsked(), Freshness.within(LONG))).contains("old");
  }

  @Test
  void aReaderWithATokenJoinsNoFlightThatBeganBeforeItsCall() throws Exception {
    CoherentCache<String> cache = pipeline.cache(feed, registry).build();
    CountDownLatch read = new CountDownLatch(1);
    CountDownLatch resumed = new CountDownLatch(1);
    InBackground<Optional<String>> earlier =
        InBackground.call(
            "earlier",
            () ->
                cache.get(
                    key(1),
                    key -> {
                      Optional<String> old = pipeline.loader().load(key);
                      read.countDown();
                      InBackground.await(resumed);
                      return old;
                    }));
    InBackground.await(read);
    WriteToken token = pipeline.write(1, "new");

    InBackground<Optional<String>> later =
        InBackground.call("later", () -> cache.get(key(1), loading(), Freshness.after(token)));

    assertThat(later.await()).contains("new");
    resumed.countDown();
    assertThat(earlier.await()).contains("old");
  }

  @Test
  void aBoundHoldsWhileTheStreamMovesAndPassesByTheCacheWhenItStops() throws Exception {
    CoherentCache<String> cache = pipeline.cache(feed, registry).build();
    cache.get(key(1), loading());
    assertThat(cache.get(key(1), neverAsked(), Freshness.within(LONG))).contains("old");

    // The write comes when the stream has stopped: no invalidation will tell of it.
    pipeline.write(1, "new");

    eventually(
        "the bound sends the reader to the database",
        () -> cache.get(key(1), loading(), Freshness.within(SHORT)).equals(Optional.of("new")));
    assertThat(cache.get(key(1), neverAsked())).contains("old");
    assertThat(bypasses("too_old")).isPositive();
  }

  @Test
  void aBoundCountsWhatTheStoreHasAppliedNotWhatTheClientHasHeard() throws Exception {
    CoherentCache<String> cache = pipeline.cache(feed, registry).build();
    cache.get(key(1), loading());
    pipeline.write(1, "new");
    pipeline.invalidate(key(1));

    // The delivery stands still; the client hears of every mark.
    eventually(
        "the bound sends the reader to the database",
        () -> {
          awaitHeard();
          return cache.get(key(1), loading(), Freshness.within(SHORT)).equals(Optional.of("new"));
        });
    assertThat(cache.get(key(1), neverAsked())).contains("old");
  }

  @Test
  void aCommitThatIsStuckDoesNotStopBounds() throws Exception {
    CoherentCache<String> cache = pipeline.cache(feed, registry).build();
    WriteToken stuck = pipeline.write(2, "pear");
    Duration bound = Duration.ofSeconds(2);
    pipeline.markHeldAt(stuck);
    pipeline.deliver();
    cache.get(key(1), loading());
    eventually("what was heard is old", () -> allHeard(age -> age.compareTo(bound) > 0));
    Position held = feed.heard(0).position();

    eventually(
        "what was heard is young",
        () -> {
          markHeldAt(stuck);
          return allHeard(age -> age.compareTo(bound) < 0);
        });
    cache.get(key(1), loading(), Freshness.within(bound));
    assertThat(bypasses("too_old")).as("heard, not applied").isEqualTo(1);

    eventually(
        "applied, so young enough",
        () -> {
          markHeldAt(stuck);
          pipeline.deliver();
          double before = bypasses("too_old");
          cache.get(key(1), loading(), Freshness.within(bound));
          return bypasses("too_old") == before;
        });
    assertThat(feed.heard(0).position()).isEqualTo(held);
  }

  @ParameterizedTest
  @EnumSource(WhenStale.class)
  void aStreamThatHasStoppedIsLeftToThePolicy(WhenStale whenStale) throws Exception {
    FreshnessPolicy policy = new FreshnessPolicy(whenStale, BypassBudget.of(2, Duration.ofDays(2)));
    CoherentCache<String> cache = pipeline.cache(feed, registry).whenStale(policy).build();
    cache.get(key(1), loading());
    pipeline.write(1, "new");
    Freshness bound = Freshness.within(Duration.ofNanos(1));

    switch (whenStale) {
      case DATABASE -> {
        assertThat(cache.get(key(1), loading(), bound)).contains("new");
        assertThatThrownBy(() -> cache.get(key(1), loading(), bound))
            .isInstanceOf(StaleReadException.class)
            .hasMessageStartingWith(
                "cache product cannot prove its value of key \"product:1\" to be"
                    + " Within[bound=PT0.000000001S]: it holds what was committed up to 2:")
            .hasMessageEndingWith(
                "the budget for passing by the cache is used up. Find out why the invalidations"
                    + " stand still, or read with Freshness.any()");
        assertThat(stale("refused")).isEqualTo(1);
      }
      case STALE -> {
        assertThat(cache.get(key(1), neverAsked(), bound)).contains("old");
        assertThat(stale("served")).isEqualTo(1);
      }
      case FAIL -> {
        assertThatThrownBy(() -> cache.get(key(1), neverAsked(), bound))
            .isInstanceOf(StaleReadException.class)
            .hasMessageContaining("; the policy is to fail. Find out why");
        assertThat(stale("refused")).isEqualTo(1);
      }
    }
    assertThat(cache.get(key(1), neverAsked())).contains("old");
  }

  @Test
  void readersWhoseBoundAllowsItShareOneLoad() throws Exception {
    CoherentCache<String> cache =
        pipeline
            .cache(feed, registry)
            .whenStale(new FreshnessPolicy(WhenStale.DATABASE, BypassBudget.of(1, LONG)))
            .build();
    // An epoch that is not settled puts every bound in doubt.
    pipeline.raiseEpoch(false);
    pipeline.mark();
    pipeline.deliver();
    cache.get(key(1), loading());
    CountDownLatch asked = new CountDownLatch(1);
    CountDownLatch resumed = new CountDownLatch(1);
    InBackground<Optional<String>> first =
        InBackground.call(
            "first",
            () ->
                cache.get(
                    key(1),
                    key -> {
                      asked.countDown();
                      InBackground.await(resumed);
                      return Optional.of("loaded");
                    },
                    Freshness.within(LONG)));
    InBackground.await(asked);

    InBackground<Optional<String>> joining =
        InBackground.call("joining", () -> cache.get(key(1), neverAsked(), Freshness.within(LONG)));
    Eventually.eventuallyWaits(joining.thread());
    resumed.countDown();

    assertThat(first.await()).contains("loaded");
    assertThat(joining.await()).contains("loaded");
    assertThat(bypasses("unproven")).isEqualTo(1);
  }

  @Test
  void aStreamThatFallsSilentStopsTheNearCacheAndItsReturnStartsItAgain() throws Exception {
    CoherentCache<String> cache = nearCache(Duration.ofSeconds(1)).build();
    keepInProcess(cache);

    // Nothing is published any more, as if any part of the pipeline were away.
    eventually(
        "the near cache stops answering",
        () -> {
          double before = near("doubt");
          cache.get(key(1), loading());
          return near("doubt") > before;
        });
    double hits = near("hit");
    assertThat(cache.get(key(1), neverAsked())).contains("old");
    assertThat(near("hit")).isEqualTo(hits);
    assertThat(registry.get("hearth.client.stream.age").gauge().value()).isGreaterThan(1);

    pipeline.write(1, "new");
    pipeline.invalidate(key(1));
    pipeline.settle(feed);
    assertThat(cache.get(key(1), loading())).contains("new");
    keepInProcess(cache);
  }

  @Test
  void aNearCacheAnswersWithoutTheStoreUntilAnInvalidationComes() throws Exception {
    CoherentCache<String> cache = nearCache(LONG).build();
    keepInProcess(cache);

    WriteToken token = pipeline.write(1, "new");
    assertThat(cache.get(key(1), loading(), Freshness.after(token))).contains("new");
    pipeline.invalidate(key(1));
    pipeline.settle(feed);

    assertThat(cache.get(key(1), loading())).contains("new");
    keepInProcess(cache);
    double hits = near("hit");
    assertThat(cache.get(key(1), neverAsked(), Freshness.after(token))).contains("new");
    assertThat(cache.get(key(1), neverAsked(), Freshness.within(LONG))).contains("new");
    assertThat(near("hit")).isEqualTo(hits + 2);
  }

  // R11
  @Test
  void aNearCacheAheadOfTheStoreKeepsNothingOld() throws Exception {
    CoherentCache<String> cache = nearCache(LONG).build();

    assertThat(afterANearCacheWasAhead(cache)).contains("new");
  }

  // R11: what the check is for.
  @Test
  void aNearCacheAheadOfTheStoreKeepsTheOldValueWithoutTheCheck() throws Exception {
    CoherentCache<String> cache = nearCache(LONG).nearAdmission((vouching, told) -> true).build();

    assertThat(afterANearCacheWasAhead(cache)).contains("old");
  }

  private Optional<String> afterANearCacheWasAhead(CoherentCache<String> cache) throws Exception {
    keepInProcess(cache);
    pipeline.write(1, "new");
    pipeline.invalidate(key(1));
    awaitHeard();
    // The near cache was told, the store has not applied it: the value that it has is old.
    assertThat(cache.get(key(1), neverAsked())).contains("old");

    pipeline.deliver();
    return cache.get(key(1), loading());
  }

  @Test
  void aNewEpochAndANewGenerationEmptyANearCache() throws Exception {
    CoherentCache<String> cache = nearCache(LONG).build();
    keepInProcess(cache);

    pipeline.raiseGeneration();
    awaitHeard();
    double hits = near("hit");
    cache.get(key(1), loading());
    assertThat(near("hit")).isEqualTo(hits);
    pipeline.deliver();

    keepInProcess(cache);
    pipeline.raiseEpoch(true);
    awaitHeard();
    hits = near("hit");
    cache.get(key(1), loading());
    assertThat(near("hit")).isEqualTo(hits);
  }

  @Test
  void aStreamThatLostItsPlaceEmptiesTheNearCache() throws Exception {
    CoherentCache<String> cache = nearCache(LONG).build();
    keepInProcess(cache);
    double losses = losses();

    pipeline.recreateInvalidations();

    eventually("the feed notices", () -> losses() >= losses + feed.partitions());
    double hits = near("hit");
    assertThat(cache.get(key(1), loading())).contains("old");
    assertThat(near("hit")).isEqualTo(hits);
    keepInProcess(cache);
  }

  @Test
  void saysWhatIsMissingWhereNoStreamIsFollowed() {
    CoherentCache<String> cache =
        CoherentCache.builder("product", InMemoryStore.withPositions(), Codec.UTF_8, LONG).build();

    assertThatThrownBy(() -> cache.get(key(1), loading(), Freshness.within(LONG)))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage(
            "cache product is asked for freshness and follows no invalidations; give its builder an"
                + " InvalidationFeed with follow(...)");
  }

  private CoherentCache.Builder<String> nearCache(Duration bound) {
    return pipeline.cache(feed, registry).near(new NearSettings(100, LONG, bound));
  }

  /** Reads a key until the near cache answers for it. */
  private void keepInProcess(CoherentCache<String> cache) {
    double before = near("hit");
    eventually(
        "the near cache keeps the value",
        () -> {
          try {
            pipeline.settle(feed);
          } catch (Exception e) {
            throw new IllegalStateException(e);
          }
          cache.get(key(1), loading());
          cache.get(key(1), loading());
          return near("hit") > before;
        });
  }

  private boolean allHeard(Predicate<Duration> age) {
    return IntStream.range(0, feed.partitions())
        .allMatch(partition -> feed.heard(partition).age().filter(age).isPresent());
  }

  private void markHeldAt(WriteToken stuck) {
    try {
      pipeline.markHeldAt(stuck);
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  private boolean awaitHeard() {
    try {
      pipeline.awaitHeard(feed);
      return true;
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  private Loader<String> loading() {
    return key -> {
      loads.incrementAndGet();
      return pipeline.loader().load(key);
    };
  }

  private static Loader<String> neverAsked() {
    return key -> {
      throw new AssertionError("the loader was asked for " + key);
    };
  }

  private double bypasses(String reason) {
    return registry.get("hearth.client.bypasses").tags("reason", reason).counter().count();
  }

  private double stale(String outcome) {
    return registry.get("hearth.client.stale.reads").tags("outcome", outcome).counter().count();
  }

  private double losses() {
    return registry.get("hearth.client.stream.losses").counter().count();
  }

  private double near(String result) {
    return registry.get("hearth.client.near.reads").tags("result", result).counter().count();
  }
}
