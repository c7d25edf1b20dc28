package dev.hearth.warmer.run;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.chassis.metrics.Metric;
import dev.hearth.schemas.position.Position;
import dev.hearth.schemas.warmup.WarmupRequest;
import dev.hearth.schemas.warmup.WarmupRequest.Budget;
import dev.hearth.schemas.warmup.WarmupRun;
import dev.hearth.schemas.warmup.WarmupRun.Progress;
import dev.hearth.schemas.warmup.WarmupRun.State;
import dev.hearth.store.Lease;
import dev.hearth.store.ReadOutcome;
import dev.hearth.store.Value;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** What a run stores, and what it counts. */
class RunFillsTest extends RunnerFixture {
  @Test
  void fillsAllKeysInAllStoresAndCountsEachEntry() {
    WarmupRunner runner = runner(List.of(redis, hazelcast), RunnerFixture::values);
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
  void countsKeysThatSomebodyElseIsFillingAllTheTimeAsBusyAndAsksForThemTwice() {
    redis.get(key("product:0"));
    WarmupRunner runner = runner(List.of(redis), RunnerFixture::values);
    runner.start();

    WarmupRun ended =
        ended(runner, accepted(runner.submit(WarmupRequest.hottest("product", 2, "http"))).id());

    assertThat(ended.state()).isEqualTo(State.DONE);
    assertThat(ended.progress()).isEqualTo(new Progress(2, 1, 0, 0, 1, 0, 0));
    // That of the other, and two of the run.
    assertThat(redis.gets(key("product:0"))).isEqualTo(3);
    assertThat(metrics.counter(Metric.WARMUP_KEYS, "product", "busy").count()).isEqualTo(1);
  }

  @Test
  void triesBusyEntriesOnceMoreWhenTheOthersAreDoneEachOnlyWhereItWasBusy() {
    List<List<String>> loads = new CopyOnWriteArrayList<>();
    redis.get(key("product:0"));
    redis.get(key("product:3"));
    WarmupRunner runner =
        runner(
            List.of(redis, hazelcast),
            (keys, floor) -> {
              if (loads.isEmpty()) {
                // Whoever was filling them is gone now, and took nothing with it.
                redis.invalidate(key("product:0"));
                redis.invalidate(key("product:3"));
              }
              loads.add(List.copyOf(keys));
              return values(keys, floor);
            });
    runner.start();

    WarmupRun ended =
        ended(runner, accepted(runner.submit(WarmupRequest.hottest("product", 5, "http"))).id());

    assertThat(ended.state()).isEqualTo(State.DONE);
    assertThat(ended.progress()).isEqualTo(new Progress(10, 10, 0, 0, 0, 0, 0));
    assertThat(redis.entry(key("product:0"))).contains(value("product:0"));
    assertThat(redis.entry(key("product:3"))).contains(value("product:3"));
    assertThat(hazelcast.gets(key("product:0"))).isEqualTo(1);
    assertThat(loads).hasSize(2);
    assertThat(loads.get(0)).hasSize(5);
    assertThat(loads.get(1)).containsExactly("product:0", "product:3");
    assertThat(metrics.counter(Metric.WARMUP_KEYS, "product", "stored").count()).isEqualTo(10);
    assertThat(metrics.counter(Metric.WARMUP_KEYS, "product", "busy").count()).isZero();
  }

  @Test
  void findsWarmWhatTheOtherHasFilledMeanwhile() {
    Lease lease =
        ((ReadOutcome.Granted) redis.get(key("product:0")).toCompletableFuture().join()).lease();
    WarmupRunner runner =
        runner(
            List.of(redis),
            (keys, floor) -> {
              redis.fill(key("product:0"), lease, value("theirs"), Duration.ofHours(1));
              return values(keys, floor);
            });
    runner.start();

    WarmupRun ended =
        ended(runner, accepted(runner.submit(WarmupRequest.hottest("product", 3, "http"))).id());

    assertThat(ended.progress()).isEqualTo(new Progress(3, 2, 1, 0, 0, 0, 0));
    assertThat(redis.entry(key("product:0"))).contains(value("theirs"));
  }

  @Test
  void spendsNothingOnBusyEntriesThatItsBudgetDoesNotReachFor() {
    redis.get(key("product:0"));
    WarmupRunner runner =
        runner(
            List.of(redis),
            (keys, floor) -> {
              redis.invalidate(key("product:0"));
              return values(keys, floor);
            });
    runner.start();
    // Two keys of nine bytes each.
    Budget bytes =
        new Budget(Optional.empty(), Optional.of(18L), Optional.empty(), Optional.empty());

    WarmupRun ended =
        ended(
            runner,
            accepted(
                    runner.submit(
                        new WarmupRequest(
                            "product",
                            3,
                            WarmupRequest.Order.READS,
                            bytes,
                            Optional.empty(),
                            "http")))
                .id());

    assertThat(ended.state()).isEqualTo(State.DONE);
    assertThat(ended.progress()).isEqualTo(new Progress(3, 2, 0, 0, 1, 0, 0));
    assertThat(redis.gets(key("product:0"))).isEqualTo(2);
  }

  @Test
  void fillsTheOtherStoreWhereOneIsSilentOrKnowsNoPosition() {
    redis.fallSilent();
    MemoryStore newborn = new MemoryStore("newborn");
    newborn.forgetPositions();
    WarmupRunner runner = runner(List.of(redis, newborn, hazelcast), RunnerFixture::values);
    runner.start();

    WarmupRun ended =
        ended(runner, accepted(runner.submit(WarmupRequest.hottest("product", 3, "http"))).id());

    assertThat(ended.state()).isEqualTo(State.DONE);
    assertThat(ended.progress()).isEqualTo(new Progress(9, 3, 0, 0, 0, 0, 6));
  }

  @Test
  void letsEntriesExpireAtDifferentTimesNeverLaterThanTheTimeToLive() {
    WarmupRunner runner = runner(List.of(redis), RunnerFixture::values);
    runner.start();

    ended(runner, accepted(runner.submit(WarmupRequest.hottest("product", 50, "http"))).id());

    assertThat(redis.lives())
        .allSatisfy(
            life -> assertThat(life).isBetween(Duration.ofMinutes(54), Duration.ofMinutes(60)));
    assertThat(new HashSet<>(redis.lives())).hasSizeGreaterThan(25);
  }

  @Test
  void countsWhatThePlanFoundWarmAndNamesWhatItLeftOut() {
    plan =
        Optional.of(new RunPlan(List.of("product:1", "product:2"), 3, Map.of("churning", 4), 200));
    List<Long> expected = new CopyOnWriteArrayList<>();
    conditions.add(
        (request, next) -> {
          expected.add(next.expectedBytes());
          return StartCondition.Verdict.GO;
        });
    WarmupRunner runner = runner(List.of(redis, hazelcast), RunnerFixture::values);
    runner.start();

    WarmupRun ended =
        ended(runner, accepted(runner.submit(WarmupRequest.hottest("product", 9, "http"))).id());

    assertThat(ended.progress()).isEqualTo(new Progress(10, 4, 6, 0, 0, 0, 0));
    assertThat(ended.leftOut()).isEqualTo(Map.of("churning", 4));
    assertThat(expected).containsExactly(200L);
  }
}
