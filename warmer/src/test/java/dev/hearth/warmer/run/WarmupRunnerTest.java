package dev.hearth.warmer.run;

import static dev.hearth.warmer.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.hearth.chassis.metrics.Metric;
import dev.hearth.chassis.metrics.Metrics;
import dev.hearth.schemas.position.Position;
import dev.hearth.schemas.warmup.WarmupRequest;
import dev.hearth.schemas.warmup.WarmupRequest.Budget;
import dev.hearth.schemas.warmup.WarmupRun;
import dev.hearth.schemas.warmup.WarmupRun.Progress;
import dev.hearth.schemas.warmup.WarmupRun.State;
import dev.hearth.store.CacheKey;
import dev.hearth.store.FencedStore;
import dev.hearth.store.Value;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class WarmupRunnerTest {
  private static final Instant NOW = Instant.parse("2026-11-23T08:00:00Z");
  private static final RunnerSettings SETTINGS =
      new RunnerSettings(10, 4, 2, 3, Duration.ofSeconds(5), Duration.ZERO);

  private final Metrics metrics = new Metrics("test");
  private final MemoryStore redis = new MemoryStore("redis");
  private final MemoryStore hazelcast = new MemoryStore("hazelcast");
  private final MemoryPauses pauseJournal = new MemoryPauses();
  private final MemoryJournal journal = new MemoryJournal();
  private final List<StartCondition> conditions = new CopyOnWriteArrayList<>();
  private final AtomicReference<Optional<RunPlan>> plan = new AtomicReference<>(Optional.empty());
  private final AtomicBoolean claimed = new AtomicBoolean(true);
  private final AtomicReference<HitRatio> hitRatio = new AtomicReference<>(HitRatio.NONE);
  private final AtomicInteger ids = new AtomicInteger();
  private final List<WarmupRunner> runners = new ArrayList<>();

  @AfterEach
  void stop() {
    runners.forEach(WarmupRunner::close);
    metrics.close();
  }

  @Test
  void fillsAllKeysInAllStoresAndCountsEachEntry() {
    WarmupRunner runner = runner(List.of(redis, hazelcast), WarmupRunnerTest::values);
    runner.start();

    String id = accepted(runner.submit(WarmupRequest.hottest("product", 35, "http"))).id();

    WarmupRun ended = ended(runner, id);
    assertThat(ended.state()).isEqualTo(State.DONE);
    assertThat(ended.progress()).isEqualTo(new Progress(70, 70, 0, 0, 0, 0, 0));
    assertThat(ended.finishedAt()).contains(NOW);
    assertThat(ended.problem()).isEmpty();
    assertThat(redis.entry(key("product:34"))).contains(value("product:34"));
    assertThat(hazelcast.entry(key("product:0"))).contains(value("product:0"));
    assertThat(metrics.counter(Metric.WARMUP_KEYS, "product", "stored").count()).isEqualTo(70);
    assertThat(journal.statesOf(id)).containsExactly(State.QUEUED, State.RUNNING, State.DONE);
  }

  @Test
  void readsWhatSeesTheHighestBOfAllItsLeases() {
    List<Position> floors = new CopyOnWriteArrayList<>();
    redis.raise(new Position(1, 30));
    hazelcast.raise(new Position(1, 20));
    WarmupRunner runner =
        runner(
            List.of(hazelcast, redis),
            (keys, floor) -> {
              floors.add(floor);
              return values(keys, floor);
            });
    runner.start();

    ended(runner, accepted(runner.submit(WarmupRequest.hottest("product", 1, "http"))).id());

    assertThat(floors).containsExactly(new Position(1, 30));
  }

  @Test
  void findsEverythingWarmTheSecondTimeAndAsksTheDatabaseNothing() {
    AtomicInteger loads = new AtomicInteger();
    WarmupRunner runner =
        runner(
            List.of(redis),
            (keys, floor) -> {
              loads.incrementAndGet();
              return values(keys, floor);
            });
    runner.start();
    ended(runner, accepted(runner.submit(WarmupRequest.hottest("product", 10, "http"))).id());

    WarmupRun second =
        ended(runner, accepted(runner.submit(WarmupRequest.hottest("product", 10, "http"))).id());

    assertThat(second.progress()).isEqualTo(new Progress(10, 0, 10, 0, 0, 0, 0));
    assertThat(loads).hasValue(1);
  }

  @Test
  void loadsAKeyOnceForSeveralStores() {
    List<String> loaded = new ArrayList<>();
    WarmupRunner runner =
        runner(
            List.of(redis, hazelcast),
            (keys, floor) -> {
              loaded.addAll(keys);
              return values(keys, floor);
            });
    runner.start();

    ended(runner, accepted(runner.submit(WarmupRequest.hottest("product", 5, "http"))).id());

    assertThat(loaded).hasSize(5).doesNotHaveDuplicates();
  }

  @Test
  void storesNothingUnderALeaseThatAnInvalidationTook() {
    WarmupRunner runner =
        runner(
            List.of(redis),
            (keys, floor) -> {
              BatchLoader.Loaded old = values(keys, floor);
              redis.invalidate(key("product:3"));
              return old;
            });
    runner.start();

    WarmupRun ended =
        ended(runner, accepted(runner.submit(WarmupRequest.hottest("product", 10, "http"))).id());

    assertThat(ended.progress()).isEqualTo(new Progress(10, 9, 0, 1, 0, 0, 0));
    assertThat(redis.entry(key("product:3"))).isEmpty();
  }

  @Test
  void fillsTheKnowledgeThatThereIsNoRowButNotADoubt() {
    WarmupRunner runner =
        runner(
            List.of(redis),
            (keys, floor) -> {
              Map<String, byte[]> found = new HashMap<>(values(keys, floor).found());
              found.remove("product:1");
              found.remove("product:2");
              return new BatchLoader.Loaded(found, Set.of("product:1"));
            });
    runner.start();

    WarmupRun ended =
        ended(runner, accepted(runner.submit(WarmupRequest.hottest("product", 4, "http"))).id());

    assertThat(ended.progress()).isEqualTo(new Progress(4, 2, 0, 0, 0, 1, 1));
    assertThat(redis.entry(key("product:1"))).contains(Value.absent());
    assertThat(redis.entry(key("product:2"))).isEmpty();
  }

  @Test
  void countsKeysThatSomebodyElseIsFillingAsBusy() {
    redis.get(key("product:0"));
    WarmupRunner runner = runner(List.of(redis), WarmupRunnerTest::values);
    runner.start();

    WarmupRun ended =
        ended(runner, accepted(runner.submit(WarmupRequest.hottest("product", 2, "http"))).id());

    assertThat(ended.progress()).isEqualTo(new Progress(2, 1, 0, 0, 1, 0, 0));
  }

  @Test
  void fillsTheOtherStoreWhereOneIsSilentOrKnowsNoPosition() {
    redis.fallSilent();
    MemoryStore newborn = new MemoryStore("newborn");
    newborn.forgetPositions();
    WarmupRunner runner = runner(List.of(redis, newborn, hazelcast), WarmupRunnerTest::values);
    runner.start();

    WarmupRun ended =
        ended(runner, accepted(runner.submit(WarmupRequest.hottest("product", 3, "http"))).id());

    assertThat(ended.state()).isEqualTo(State.DONE);
    assertThat(ended.progress()).isEqualTo(new Progress(9, 3, 0, 0, 0, 0, 6));
  }

  @Test
  void letsEntriesExpireAtDifferentTimesNeverLaterThanTheTimeToLive() {
    WarmupRunner runner = runner(List.of(redis), WarmupRunnerTest::values);
    runner.start();

    ended(runner, accepted(runner.submit(WarmupRequest.hottest("product", 50, "http"))).id());

    assertThat(redis.lives())
        .allSatisfy(
            life -> assertThat(life).isBetween(Duration.ofMinutes(54), Duration.ofMinutes(60)));
    assertThat(new HashSet<>(redis.lives())).hasSizeGreaterThan(25);
  }

  @Test
  void givesUpOnADatabaseThatFailsThriceInARowAndSaysWhy() {
    AtomicInteger loads = new AtomicInteger();
    WarmupRunner runner =
        runner(
            List.of(redis),
            (keys, floor) -> {
              loads.incrementAndGet();
              throw new IllegalStateException("load failed: the server is away");
            });
    runner.start();

    WarmupRun ended =
        ended(runner, accepted(runner.submit(WarmupRequest.hottest("product", 500, "http"))).id());

    assertThat(ended.state()).isEqualTo(State.FAILED);
    assertThat(ended.problem()).contains("load failed: the server is away");
    assertThat(ended.progress()).isEqualTo(new Progress(500, 0, 0, 0, 0, 0, 30));
    assertThat(loads).hasValue(3);
  }

  @Test
  void goesOnAfterASingleFailureAndMentionsIt() {
    AtomicInteger loads = new AtomicInteger();
    WarmupRunner runner =
        runner(
            List.of(redis),
            (keys, floor) -> {
              if (loads.incrementAndGet() == 2) {
                throw new IllegalStateException("load failed: statement timeout");
              }
              return values(keys, floor);
            });
    runner.start();

    WarmupRun ended =
        ended(runner, accepted(runner.submit(WarmupRequest.hottest("product", 50, "http"))).id());

    assertThat(ended.state()).isEqualTo(State.DONE);
    assertThat(ended.progress()).isEqualTo(new Progress(50, 40, 0, 0, 0, 0, 10));
    assertThat(ended.problem()).contains("load failed: statement timeout");
  }

  @Test
  void failsARunOfACacheWithoutLoadQueryWithASentence() {
    WarmupRunner runner =
        runner(
            List.of(
                new WarmableCache(
                    "page", Duration.ofMinutes(1), List.of(redis), Optional.empty())));
    runner.start();

    WarmupRun ended =
        ended(runner, accepted(runner.submit(WarmupRequest.hottest("page", 5, "http"))).id());

    assertThat(ended.state()).isEqualTo(State.FAILED);
    assertThat(ended.problem())
        .contains(
            "cache \"page\" has no load query, so nothing says how to read it; add"
                + " caches.page.load");
  }

  @Test
  void makesTwoIdenticalRequestsOneRunWhileItHasNotEnded() throws InterruptedException {
    CountDownLatch loading = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    WarmupRunner runner = runner(List.of(redis), held(loading, goOn));
    runner.start();

    WarmupRun first = accepted(runner.submit(WarmupRequest.hottest("product", 10, "http")));
    loading.await();
    Submission same = runner.submit(WarmupRequest.hottest("product", 10, "command"));
    Submission less = runner.submit(WarmupRequest.hottest("product", 9, "http"));
    Submission other = runner.submit(WarmupRequest.hottest("product", 11, "http"));
    goOn.countDown();

    assertThat(same)
        .isInstanceOfSatisfying(
            Submission.Accepted.class,
            accepted -> {
              assertThat(accepted.joined()).isTrue();
              assertThat(accepted.run().id()).isEqualTo(first.id());
              assertThat(accepted.run().state()).isEqualTo(State.RUNNING);
            });
    assertThat(accepted(less).id()).isEqualTo(first.id());
    assertThat(accepted(other).id()).isNotEqualTo(first.id());
    ended(runner, first.id());
    assertThat(accepted(runner.submit(WarmupRequest.hottest("product", 10, "http"))).id())
        .isNotEqualTo(first.id());
  }

  @Test
  void refusesMoreRunsThanMayWait() throws InterruptedException {
    CountDownLatch loading = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    WarmupRunner runner = runner(List.of(redis), held(loading, goOn));
    runner.start();
    runner.submit(WarmupRequest.hottest("product", 1, "http"));
    loading.await();
    runner.submit(WarmupRequest.hottest("product", 2, "http"));
    runner.submit(WarmupRequest.hottest("product", 3, "http"));

    Submission fourth = runner.submit(WarmupRequest.hottest("product", 4, "http"));
    goOn.countDown();

    assertThat(fourth)
        .isEqualTo(
            new Submission.Refused(
                "2 runs are waiting already; wait for one to end, or cancel one with DELETE"
                    + " /v1/warmups/{id}"));
  }

  @Test
  void refusesARunThatItCannotWriteDown() {
    journal.breakDown();
    WarmupRunner runner = runner(List.of(redis), WarmupRunnerTest::values);
    runner.start();

    Submission refused = runner.submit(WarmupRequest.hottest("product", 1, "http"));

    assertThat(refused)
        .isInstanceOfSatisfying(
            Submission.Refused.class,
            no -> assertThat(no.sentence()).contains("could not be written down", "no broker"));
  }

  @Test
  void cancelsAWaitingRunAtOnce() throws InterruptedException {
    CountDownLatch loading = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    WarmupRunner runner = runner(List.of(redis), held(loading, goOn));
    runner.start();
    runner.submit(WarmupRequest.hottest("product", 1, "http"));
    loading.await();
    String waiting = accepted(runner.submit(WarmupRequest.hottest("product", 2, "http"))).id();

    Optional<WarmupRun> cancelled = runner.cancel(waiting);
    goOn.countDown();

    assertThat(cancelled.map(WarmupRun::state)).contains(State.CANCELLED);
    assertThat(runner.cancel(waiting).map(WarmupRun::state)).contains(State.CANCELLED);
    assertThat(journal.statesOf(waiting)).containsExactly(State.QUEUED, State.CANCELLED);
  }

  @Test
  void cancelsARunningRunAfterTheBatchesUnderWay() throws InterruptedException {
    CountDownLatch loading = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    WarmupRunner runner = runner(List.of(redis), held(loading, goOn));
    runner.start();
    String id = accepted(runner.submit(WarmupRequest.hottest("product", 1_000, "http"))).id();
    loading.await();

    runner.cancel(id);
    goOn.countDown();

    WarmupRun ended = ended(runner, id);
    assertThat(ended.state()).isEqualTo(State.CANCELLED);
    assertThat(ended.progress().done()).isLessThan(100);
    assertThat(runner.cancel("nobody")).isEmpty();
  }

  @Test
  void takesUpAfterARestartWhatWasRunningAndWhatWasWaiting() throws InterruptedException {
    CountDownLatch loading = new CountDownLatch(1);
    WarmupRunner first = runner(List.of(redis), held(loading, new CountDownLatch(1)));
    first.start();
    String running = accepted(first.submit(WarmupRequest.hottest("product", 30, "http"))).id();
    loading.await();
    String waiting = accepted(first.submit(WarmupRequest.hottest("product", 31, "http"))).id();
    first.close();

    WarmupRunner second = runner(List.of(hazelcast), WarmupRunnerTest::values);
    second.start();

    assertThat(ended(second, running).progress()).isEqualTo(new Progress(30, 30, 0, 0, 0, 0, 0));
    assertThat(ended(second, waiting).progress()).isEqualTo(new Progress(31, 1, 30, 0, 0, 0, 0));
    assertThat(journal.statesOf(running)).containsExactly(State.QUEUED, State.RUNNING, State.DONE);
  }

  @Test
  void readsTheJournalAgainUntilItAnswersBeforeItRunsAnything() {
    journal.failNextRead();
    WarmupRunner runner = runner(List.of(redis), WarmupRunnerTest::values);
    runner.start();

    WarmupRun ended =
        ended(runner, accepted(runner.submit(WarmupRequest.hottest("product", 1, "http"))).id());

    assertThat(runner.hasTakenUp()).isTrue();
    assertThat(ended.state()).isEqualTo(State.DONE);
  }

  @Test
  void forgetsTheOldestOfTooManyEndedRuns() {
    WarmupRunner runner = runner(List.of(redis), WarmupRunnerTest::values);
    runner.start();
    List<String> all = new ArrayList<>();
    for (int top = 1; top <= 5; top++) {
      String id = accepted(runner.submit(WarmupRequest.hottest("product", top, "http"))).id();
      all.add(id);
      ended(runner, id);
    }

    assertThat(all.stream().filter(id -> runner.find(id).isPresent()).toList())
        .isEqualTo(all.subList(2, 5));
    assertThat(journal.read()).extracting(WarmupRun::id).isEqualTo(all.subList(2, 5));
  }

  @Test
  void endsWithASentenceWhereNothingIsHot() {
    WarmupRunner runner =
        new WarmupRunner(
            List.of(cache(List.of(redis), WarmupRunnerTest::values)),
            request -> RunPlan.of(List.of()),
            journal,
            claimed::get,
            new Pauses(pauseJournal, Clock.fixed(NOW, ZoneOffset.UTC)),
            conditions,
            (cache, since) -> hitRatio.get(),
            SETTINGS,
            metrics,
            Clock.fixed(NOW, ZoneOffset.UTC),
            new Random(1),
            () -> "only",
            () -> {});
    runners.add(runner);
    runner.start();
    runner.submit(WarmupRequest.hottest("product", 1, "http"));

    WarmupRun ended = ended(runner, "only");
    assertThat(ended.state()).isEqualTo(State.DONE);
    assertThat(ended.problem().orElse(""))
        .startsWith("no key of cache \"product\" is known to be hot");
  }

  @Test
  void holdsTheRunsOfAPausedCacheAndLetsThoseOfOthersPass() {
    Pauses pauses = new Pauses(pauseJournal, Clock.fixed(NOW, ZoneOffset.UTC));
    WarmupRunner runner =
        runner(
            List.of(
                cache(List.of(redis), WarmupRunnerTest::values),
                new WarmableCache(
                    "price",
                    Duration.ofHours(1),
                    List.of(redis),
                    Optional.of(WarmupRunnerTest::values))),
            pauses);
    runner.start();
    assertThat(pauses.pause(Optional.of("product"), "the database is slow")).isEmpty();
    String product = accepted(runner.submit(WarmupRequest.hottest("product", 3, "http"))).id();
    String price = accepted(runner.submit(WarmupRequest.hottest("price", 3, "http"))).id();

    assertThat(ended(runner, price).state()).isEqualTo(State.DONE);
    assertThat(runner.find(product).orElseThrow().state()).isEqualTo(State.QUEUED);

    assertThat(pauses.resume(Optional.of("product"))).isEmpty();

    assertThat(ended(runner, product).state()).isEqualTo(State.DONE);
  }

  @Test
  void stopsARunBehindItsBatchAndRunsItWholeWhenItGoesOn() throws Exception {
    CountDownLatch loading = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    Pauses pauses = new Pauses(pauseJournal, Clock.fixed(NOW, ZoneOffset.UTC));
    WarmupRunner runner = runner(List.of(cache(List.of(redis), held(loading, goOn))), pauses);
    runner.start();
    // More batches than run at once: the pause comes in between.
    int top = SETTINGS.batchKeys() * (SETTINGS.ceiling() + 3);
    String id = accepted(runner.submit(WarmupRequest.hottest("product", top, "http"))).id();
    loading.await();

    assertThat(pauses.pause(Optional.empty(), "")).isEmpty();
    goOn.countDown();

    eventually(
        () -> runner.find(id).orElseThrow(),
        run -> {
          assertThat(run.state()).isEqualTo(State.QUEUED);
          assertThat(run.progress().done()).isZero();
        });
    assertThat(journal.statesOf(id)).doesNotContain(State.CANCELLED, State.DONE);

    assertThat(pauses.resume(Optional.empty())).isEmpty();

    WarmupRun done = ended(runner, id);
    assertThat(done.state()).isEqualTo(State.DONE);
    assertThat(done.progress().done()).isEqualTo(top);
  }

  @Test
  void aRestartLetsNothingGoThatWasHeld() {
    Pauses before = new Pauses(pauseJournal, Clock.fixed(NOW, ZoneOffset.UTC));
    WarmupRunner first = runner(List.of(cache(List.of(redis), WarmupRunnerTest::values)), before);
    first.start();
    before.pause(Optional.of("product"), "incident");
    String id = accepted(first.submit(WarmupRequest.hottest("product", 3, "http"))).id();
    first.close();

    Pauses after = new Pauses(pauseJournal, Clock.fixed(NOW, ZoneOffset.UTC));
    WarmupRunner second = runner(List.of(cache(List.of(redis), WarmupRunnerTest::values)), after);
    pauseJournal.broken(true);
    second.start();

    // While it cannot be told what is held, everything is.
    assertThat(second.hasTakenUp()).isFalse();
    pauseJournal.broken(false);
    eventually(second::hasTakenUp, known -> assertThat(known).isTrue());
    assertThat(after.all()).extracting(pause -> pause.reason()).containsExactly("incident");
    assertThat(second.find(id).orElseThrow().state()).isEqualTo(State.QUEUED);

    after.resume(Optional.of("product"));

    assertThat(ended(second, id).state()).isEqualTo(State.DONE);
  }

  @Test
  void aRunThatIsHeldCanBeCancelled() {
    Pauses pauses = new Pauses(pauseJournal, Clock.fixed(NOW, ZoneOffset.UTC));
    WarmupRunner runner = runner(List.of(cache(List.of(redis), WarmupRunnerTest::values)), pauses);
    runner.start();
    pauses.pause(Optional.empty(), "");
    String id = accepted(runner.submit(WarmupRequest.hottest("product", 3, "http"))).id();

    runner.cancel(id);

    assertThat(runner.find(id).orElseThrow().state()).isEqualTo(State.CANCELLED);
  }

  @Test
  void aPauseThatCannotBeWrittenDownIsNone() {
    Pauses pauses = new Pauses(pauseJournal, Clock.fixed(NOW, ZoneOffset.UTC));
    assertThat(pauses.resume(Optional.empty()))
        .contains("what is paused has not been read yet; try again in a moment");
    pauses.takeUp();
    pauseJournal.broken(true);

    assertThat(pauses.pause(Optional.of("product"), ""))
        .hasValueSatisfying(why -> assertThat(why).contains("no broker", "try again"));
    assertThat(pauses.holds("product")).isFalse();

    pauseJournal.broken(false);
    pauses.pause(Optional.empty(), "");

    assertThat(pauses.resume(Optional.of("product")))
        .contains("all caches are paused, and so is this one; resume all of them");
    assertThat(pauses.holds("product")).isTrue();
  }

  @Test
  void waitsBeforeEachBatchAsLongAsAConditionSaysAndShowsWhy() {
    Map<Integer, StartCondition.Verdict> verdicts = new ConcurrentHashMap<>();
    AtomicInteger batches = new AtomicInteger();
    verdicts.put(0, StartCondition.Verdict.GO);
    conditions.add(
        (request, next) -> {
          assertThat(next.keys()).isEqualTo(SETTINGS.batchKeys());
          return verdicts.getOrDefault(
              batches.get(), new StartCondition.Verdict.Wait("the store is full"));
        });
    WarmupRunner runner =
        runner(
            List.of(redis),
            (keys, floor) -> {
              batches.incrementAndGet();
              return values(keys, floor);
            });
    runner.start();
    String id = accepted(runner.submit(WarmupRequest.hottest("product", 20, "http"))).id();

    WarmupRun waiting =
        eventually(
                () -> runner.find(id).filter(run -> run.progress().done() == 10),
                run ->
                    assertThat(run)
                        .hasValueSatisfying(
                            it -> assertThat(it.waitingFor()).contains("the store is full")))
            .orElseThrow();

    assertThat(waiting.state()).isEqualTo(State.RUNNING);
    assertThat(batches).hasValue(1);
    verdicts.put(1, StartCondition.Verdict.GO);
    WarmupRun ended = ended(runner, id);
    assertThat(ended.state()).isEqualTo(State.DONE);
    assertThat(ended.waitingFor()).isEmpty();
    assertThat(ended.progress().stored()).isEqualTo(20);
  }

  @Test
  void endsARunThatAConditionRefuses() {
    conditions.add((request, next) -> new StartCondition.Verdict.Refuse("the stream is not fresh"));
    WarmupRunner runner = runner(List.of(redis), WarmupRunnerTest::values);
    runner.start();

    WarmupRun ended =
        ended(runner, accepted(runner.submit(WarmupRequest.hottest("product", 5, "http"))).id());

    assertThat(ended.state()).isEqualTo(State.FAILED);
    assertThat(ended.problem()).contains("the stream is not fresh");
    assertThat(redis.entry(key("product:0"))).isEmpty();
  }

  @Test
  void holdsASingleRunBetweenBatchesAndFinishesItWhenItIsResumed() {
    AtomicBoolean open = new AtomicBoolean();
    conditions.add(
        (request, next) ->
            redis.lives().size() < 10 || open.get()
                ? StartCondition.Verdict.GO
                : new StartCondition.Verdict.Wait("the test"));
    WarmupRunner runner = runner(List.of(redis), WarmupRunnerTest::values);
    runner.start();
    String id = accepted(runner.submit(WarmupRequest.hottest("product", 30, "http"))).id();
    eventually(
        () -> runner.find(id).orElseThrow().waitingFor(),
        why -> assertThat(why).contains("the test"));

    WarmupRun paused = runner.pause(id).orElseThrow();
    open.set(true);

    assertThat(paused.state()).isEqualTo(State.PAUSED);
    String other = accepted(runner.submit(WarmupRequest.hottest("product", 5, "http"))).id();
    assertThat(other).isNotEqualTo(id);
    assertThat(ended(runner, other).progress().alreadyWarm()).isEqualTo(5);
    assertThat(runner.find(id).orElseThrow().progress())
        .isEqualTo(new Progress(30, 10, 0, 0, 0, 0, 0));
    assertThat(runner.pause(id).orElseThrow().state()).isEqualTo(State.PAUSED);

    // It may have its turn before this is answered.
    assertThat(runner.resume(id).orElseThrow().state()).isNotEqualTo(State.PAUSED);

    assertThat(ended(runner, id).progress()).isEqualTo(new Progress(30, 20, 10, 0, 0, 0, 0));
    assertThat(runner.resume(id).orElseThrow().state()).isEqualTo(State.DONE);
    assertThat(runner.pause("nobody")).isEmpty();
  }

  @Test
  void endsWithASentenceWhenTheBytesAreSpent() {
    WarmupRunner runner = runner(List.of(redis), WarmupRunnerTest::values);
    runner.start();

    WarmupRun ended =
        ended(
            runner,
            accepted(
                    runner.submit(
                        budget(
                            new Budget(
                                Optional.empty(),
                                Optional.of(90L),
                                Optional.empty(),
                                Optional.empty()))))
                .id());

    // Ten keys of nine bytes each are a batch.
    assertThat(ended.state()).isEqualTo(State.DONE);
    assertThat(ended.problem())
        .contains("its budget of 90 bytes is used up, with 10 of 100 entries done");
    assertThat(ended.cost().bytes()).isEqualTo(90);
  }

  @Test
  void endsWhenTheTimeIsSpentAlsoWhileItWaits() {
    conditions.add((request, next) -> new StartCondition.Verdict.Wait("the test"));
    WarmupRunner runner = runner(List.of(redis), WarmupRunnerTest::values, Clock.systemUTC());
    runner.start();

    WarmupRun ended =
        ended(
            runner,
            accepted(
                    runner.submit(
                        budget(
                            new Budget(
                                Optional.empty(),
                                Optional.empty(),
                                Optional.of(Duration.ofMillis(300)),
                                Optional.empty()))))
                .id());

    assertThat(ended.state()).isEqualTo(State.DONE);
    assertThat(ended.problem())
        .contains("its budget of 300 ms is used up, with 0 of 100 entries done");
  }

  @Test
  void spendsNoMoreThanItsShareOfTheDatabasesTime() {
    Duration query = Duration.ofMillis(5);
    WarmupRunner runner =
        runner(
            List.of(redis),
            (keys, floor) -> {
              long until = System.nanoTime() + query.toNanos();
              while (System.nanoTime() < until) {
                Thread.onSpinWait();
              }
              return values(keys, floor);
            },
            Clock.systemUTC());
    runner.start();

    WarmupRun ended =
        ended(
            runner,
            accepted(
                    runner.submit(
                        new WarmupRequest(
                            "product",
                            80,
                            WarmupRequest.Order.READS,
                            new Budget(
                                Optional.empty(),
                                Optional.empty(),
                                Optional.empty(),
                                Optional.of(0.005)),
                            Optional.empty(),
                            "http")))
                .id());

    // When the last of eight queries began, at most three more were under way, and four were over
    // and counted: 20 ms, of which the share, a fiftieth of a connection, makes a second.
    Duration took =
        Duration.between(ended.startedAt().orElseThrow(), ended.finishedAt().orElseThrow());
    assertThat(ended.progress().stored()).isEqualTo(80);
    assertThat(took).isGreaterThanOrEqualTo(Duration.ofMillis(990));
  }

  @Test
  void endsEarlyWhenClientsReportTheWantedHitRatio() {
    AtomicInteger loads = new AtomicInteger();
    WarmupRunner runner =
        runner(
            List.of(redis),
            (keys, floor) -> {
              if (loads.incrementAndGet() == 3) {
                hitRatio.set(new HitRatio(200, 20));
              }
              return values(keys, floor);
            });
    hitRatio.set(new HitRatio(99, 0));
    runner.start();

    WarmupRun ended =
        ended(
            runner,
            accepted(
                    runner.submit(
                        new WarmupRequest(
                            "product",
                            1_000,
                            WarmupRequest.Order.READS,
                            Budget.NONE,
                            Optional.of(0.9),
                            "http")))
                .id());

    assertThat(ended.state()).isEqualTo(State.DONE);
    assertThat(ended.problem().orElse(""))
        .startsWith("the hit ratio is 0.900, which is the 0.9 that was wanted");
    assertThat(ended.progress().done()).isBetween(30, 100);
  }

  @Test
  void leavesALoadQueryThatFailedThriceAloneInTheNextRunToo() {
    AtomicInteger loads = new AtomicInteger();
    WarmupRunner runner =
        runner(
            List.of(redis),
            (keys, floor) -> {
              loads.incrementAndGet();
              throw new IllegalStateException("load failed: the server is away");
            });
    runner.start();
    ended(runner, accepted(runner.submit(WarmupRequest.hottest("product", 500, "http"))).id());

    WarmupRun second =
        ended(runner, accepted(runner.submit(WarmupRequest.hottest("product", 500, "http"))).id());

    assertThat(second.state()).isEqualTo(State.FAILED);
    assertThat(second.problem().orElse(""))
        .contains("the load query of cache \"product\" failed or was too slow 3 times in a row");
    assertThat(loads).hasValue(3);
  }

  @Test
  void leavesALoadQueryThatIsTooSlowAlone() {
    AtomicInteger loads = new AtomicInteger();
    LoadBreaker breaker =
        new LoadBreaker(
            "product",
            (keys, floor) -> {
              loads.incrementAndGet();
              return values(keys, floor);
            },
            Duration.ofNanos(1),
            Duration.ofMinutes(5));
    List<String> keys = List.of("product:1");

    for (int i = 0; i < 3; i++) {
      assertThat(breaker.load(keys, Position.NONE).found()).hasSize(1);
    }

    assertThatThrownBy(() -> breaker.load(keys, Position.NONE))
        .hasMessageContaining("is not asked for 300000 ms");
    assertThat(loads).hasValue(3);
  }

  @Test
  void countsWhatThePlanFoundWarmAndNamesWhatItLeftOut() {
    plan.set(
        Optional.of(new RunPlan(List.of("product:1", "product:2"), 3, Map.of("churning", 4), 200)));
    List<Long> expected = new CopyOnWriteArrayList<>();
    conditions.add(
        (request, next) -> {
          expected.add(next.expectedBytes());
          return StartCondition.Verdict.GO;
        });
    WarmupRunner runner = runner(List.of(redis, hazelcast), WarmupRunnerTest::values);
    runner.start();

    WarmupRun ended =
        ended(runner, accepted(runner.submit(WarmupRequest.hottest("product", 9, "http"))).id());

    assertThat(ended.progress()).isEqualTo(new Progress(10, 4, 6, 0, 0, 0, 0));
    assertThat(ended.leftOut()).isEqualTo(Map.of("churning", 4));
    assertThat(expected).containsExactly(200L);
  }

  @Test
  void executesNothingWithoutTheClaimButAnswersForWhatOthersDo() {
    claimed.set(false);
    WarmupRunner runner = runner(List.of(redis), WarmupRunnerTest::values);
    runner.start();
    WarmupRun queued = accepted(runner.submit(WarmupRequest.hottest("product", 5, "http")));
    WarmupRun elsewhere =
        queued.taken("other", NOW).with(new Progress(5, 3, 0, 0, 0, 0, 0), WarmupRun.Cost.NONE);

    journal.publish(elsewhere);

    eventually(() -> runner.find(queued.id()), run -> assertThat(run).contains(elsewhere));
    assertThat(redis.entry(key("product:0"))).isEmpty();

    // The other one dies.
    claimed.set(true);

    WarmupRun ended = ended(runner, queued.id());
    assertThat(ended.progress()).isEqualTo(new Progress(5, 5, 0, 0, 0, 0, 0));
    assertThat(ended.term()).isEqualTo(2);
  }

  @Test
  void stopsARunThatAnotherInstanceTookOverAndWritesNothingMoreOfIt() {
    AtomicBoolean open = new AtomicBoolean();
    conditions.add(
        (request, next) ->
            redis.lives().size() < 10 || open.get()
                ? StartCondition.Verdict.GO
                : new StartCondition.Verdict.Wait("the test"));
    WarmupRunner runner = runner(List.of(redis), WarmupRunnerTest::values);
    runner.start();
    String id = accepted(runner.submit(WarmupRequest.hottest("product", 30, "http"))).id();
    WarmupRun mine =
        eventually(
                () -> runner.find(id).filter(run -> run.waitingFor().isPresent()),
                run -> assertThat(run).isPresent())
            .orElseThrow();
    claimed.set(false);
    WarmupRun taken = mine.taken("other", NOW);
    journal.publish(taken);

    eventually(() -> runner.find(id), run -> assertThat(run).contains(taken));
    open.set(true);
    WarmupRun done = taken.ended(State.DONE, NOW, Optional.empty());
    journal.publish(done);

    assertThat(ended(runner, id)).isEqualTo(done);
    runner.close();
    assertThat(journal.read()).containsExactly(done);
    assertThat(redis.lives()).hasSize(10);
  }

  @Test
  void aCancellationIsNotLostWithTheClaim() {
    conditions.add((request, next) -> new StartCondition.Verdict.Wait("the test"));
    WarmupRunner runner = runner(List.of(redis), WarmupRunnerTest::values);
    runner.start();
    String id = accepted(runner.submit(WarmupRequest.hottest("product", 30, "http"))).id();
    eventually(
        () -> runner.find(id).orElseThrow().waitingFor(),
        why -> assertThat(why).contains("the test"));

    claimed.set(false);
    runner.cancel(id);

    assertThat(ended(runner, id).state()).isEqualTo(State.CANCELLED);
    eventually(
        journal::read,
        runs ->
            assertThat(runs)
                .singleElement()
                .satisfies(run -> assertThat(run.state()).isEqualTo(State.CANCELLED)));
  }

  private static WarmupRequest budget(Budget budget) {
    return new WarmupRequest(
        "product", 100, WarmupRequest.Order.READS, budget, Optional.empty(), "http");
  }

  private WarmupRunner runner(List<FencedStore> stores, BatchLoader loader, Clock clock) {
    return runner(
        List.of(cache(stores, loader)),
        new Pauses(pauseJournal, Clock.fixed(NOW, ZoneOffset.UTC)),
        clock);
  }

  private static BatchLoader held(CountDownLatch loading, CountDownLatch goOn) {
    return (keys, floor) -> {
      loading.countDown();
      try {
        goOn.await();
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
      return values(keys, floor);
    };
  }

  private WarmupRunner runner(List<FencedStore> stores, BatchLoader loader) {
    return runner(List.of(cache(stores, loader)));
  }

  private WarmupRunner runner(List<WarmableCache> caches) {
    return runner(caches, new Pauses(pauseJournal, Clock.fixed(NOW, ZoneOffset.UTC)));
  }

  private WarmupRunner runner(List<WarmableCache> caches, Pauses pauses) {
    return runner(caches, pauses, Clock.fixed(NOW, ZoneOffset.UTC));
  }

  private WarmupRunner runner(List<WarmableCache> caches, Pauses pauses, Clock clock) {
    WarmupRunner runner =
        new WarmupRunner(
            caches,
            request ->
                plan.get()
                    .orElseGet(
                        () ->
                            RunPlan.of(
                                IntStream.range(0, request.top())
                                    .mapToObj(i -> request.cache() + ":" + i)
                                    .toList())),
            journal,
            claimed::get,
            pauses,
            conditions,
            (cache, since) -> hitRatio.get(),
            SETTINGS,
            metrics,
            clock,
            new Random(1),
            () -> "run-" + ids.incrementAndGet(),
            () -> {});
    runners.add(runner);
    return runner;
  }

  private static WarmableCache cache(List<FencedStore> stores, BatchLoader loader) {
    return new WarmableCache("product", Duration.ofHours(1), stores, Optional.of(loader));
  }

  private static BatchLoader.Loaded values(List<String> keys, Position floor) {
    Map<String, byte[]> values = new HashMap<>();
    keys.forEach(key -> values.put(key, key.getBytes(StandardCharsets.UTF_8)));
    return new BatchLoader.Loaded(values, Set.of());
  }

  private static Value value(String key) {
    return Value.of(key.getBytes(StandardCharsets.UTF_8));
  }

  private static CacheKey key(String key) {
    return new CacheKey("product", key);
  }

  private static WarmupRun accepted(Submission submission) {
    assertThat(submission).isInstanceOf(Submission.Accepted.class);
    return ((Submission.Accepted) submission).run();
  }

  private static WarmupRun ended(WarmupRunner runner, String id) {
    return eventually(
            () -> runner.find(id),
            run ->
                assertThat(run).hasValueSatisfying(it -> assertThat(it.state().ended()).isTrue()))
        .orElseThrow();
  }
}
