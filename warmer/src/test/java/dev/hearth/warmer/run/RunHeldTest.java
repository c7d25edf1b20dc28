package dev.hearth.warmer.run;

import static dev.hearth.warmer.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.schemas.warmup.WarmupRequest;
import dev.hearth.schemas.warmup.WarmupRun;
import dev.hearth.schemas.warmup.WarmupRun.Progress;
import dev.hearth.schemas.warmup.WarmupRun.State;
import java.time.Clock;
import java.time.Duration;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

/** Runs that an operator holds, one or all of a cache, lose nothing and slip by nobody. */
class RunHeldTest extends RunnerFixture {
  @Test
  void holdsTheRunsOfAPausedCacheAndLetsThoseOfOthersPass() {
    Pauses pauses = new Pauses(pauseJournal, Clock.fixed(NOW, ZoneOffset.UTC));
    WarmupRunner runner =
        runner(
            List.of(
                cache(List.of(redis), RunnerFixture::values),
                new WarmableCache(
                    "price",
                    Duration.ofHours(1),
                    List.of(redis),
                    Optional.of(RunnerFixture::values))),
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
    WarmupRunner first = runner(List.of(cache(List.of(redis), RunnerFixture::values)), before);
    first.start();
    before.pause(Optional.of("product"), "incident");
    String id = accepted(first.submit(WarmupRequest.hottest("product", 3, "http"))).id();
    first.close();

    Pauses after = new Pauses(pauseJournal, Clock.fixed(NOW, ZoneOffset.UTC));
    WarmupRunner second = runner(List.of(cache(List.of(redis), RunnerFixture::values)), after);
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
    WarmupRunner runner = runner(List.of(cache(List.of(redis), RunnerFixture::values)), pauses);
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
  void holdsASingleRunBetweenBatchesAndFinishesItWhenItIsResumed() {
    AtomicBoolean open = new AtomicBoolean();
    conditions.add(
        (request, next) ->
            redis.lives().size() < 10 || open.get()
                ? StartCondition.Verdict.GO
                : new StartCondition.Verdict.Wait("the test"));
    WarmupRunner runner = runner(List.of(redis), RunnerFixture::values);
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
}
