package dev.hearth.warmer.run;

import static dev.hearth.warmer.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.schemas.warmup.WarmupRequest;
import dev.hearth.schemas.warmup.WarmupRequest.Budget;
import dev.hearth.schemas.warmup.WarmupRun;
import dev.hearth.schemas.warmup.WarmupRun.State;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** What a run waits for before each batch, and what ends it early. */
class RunBudgetsTest extends RunnerFixture {
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
    WarmupRunner runner = runner(List.of(redis), RunnerFixture::values);
    runner.start();

    WarmupRun ended =
        ended(runner, accepted(runner.submit(WarmupRequest.hottest("product", 5, "http"))).id());

    assertThat(ended.state()).isEqualTo(State.FAILED);
    assertThat(ended.problem()).contains("the stream is not fresh");
    assertThat(redis.entry(key("product:0"))).isEmpty();
  }

  @Test
  void endsWithASentenceWhenTheBytesAreSpent() {
    WarmupRunner runner = runner(List.of(redis), RunnerFixture::values);
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
    WarmupRunner runner = runner(List.of(redis), RunnerFixture::values, Clock.systemUTC());
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
                hitRatio = new HitRatio(200, 20);
              }
              return values(keys, floor);
            });
    hitRatio = new HitRatio(99, 0);
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

  private static WarmupRequest budget(Budget budget) {
    return new WarmupRequest(
        "product", 100, WarmupRequest.Order.READS, budget, Optional.empty(), "http");
  }
}
