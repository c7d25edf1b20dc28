package dev.hearth.warmer.run;

import static dev.hearth.warmer.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.schemas.warmup.WarmupRequest;
import dev.hearth.schemas.warmup.WarmupRun;
import dev.hearth.schemas.warmup.WarmupRun.Progress;
import dev.hearth.schemas.warmup.WarmupRun.State;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

/** What a restart, or another instance, makes of a run. */
class RunHandOverTest extends RunnerFixture {
  @Test
  void takesUpAfterARestartWhatWasRunningAndWhatWasWaiting() throws InterruptedException {
    CountDownLatch loading = new CountDownLatch(1);
    WarmupRunner first = runner(List.of(redis), held(loading, new CountDownLatch(1)));
    first.start();
    String running = accepted(first.submit(WarmupRequest.hottest("product", 30, "http"))).id();
    loading.await();
    String waiting = accepted(first.submit(WarmupRequest.hottest("product", 31, "http"))).id();
    first.close();

    WarmupRunner second = runner(List.of(hazelcast), RunnerFixture::values);
    second.start();

    assertThat(ended(second, running).progress()).isEqualTo(new Progress(30, 30, 0, 0, 0, 0, 0));
    assertThat(ended(second, waiting).progress()).isEqualTo(new Progress(31, 1, 30, 0, 0, 0, 0));
    assertThat(journal.statesOf(running)).containsExactly(State.QUEUED, State.RUNNING, State.DONE);
  }

  @Test
  void readsTheJournalAgainUntilItAnswersBeforeItRunsAnything() {
    journal.failNextRead();
    WarmupRunner runner = runner(List.of(redis), RunnerFixture::values);
    runner.start();

    WarmupRun ended =
        ended(runner, accepted(runner.submit(WarmupRequest.hottest("product", 1, "http"))).id());

    assertThat(runner.hasTakenUp()).isTrue();
    assertThat(ended.state()).isEqualTo(State.DONE);
  }

  @Test
  void executesNothingWithoutTheClaimButAnswersForWhatOthersDo() {
    claimed.set(false);
    WarmupRunner runner = runner(List.of(redis), RunnerFixture::values);
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
    WarmupRunner runner = runner(List.of(redis), RunnerFixture::values);
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
    WarmupRunner runner = runner(List.of(redis), RunnerFixture::values);
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
}
