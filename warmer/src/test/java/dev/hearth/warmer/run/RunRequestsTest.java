package dev.hearth.warmer.run;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.schemas.warmup.WarmupRequest;
import dev.hearth.schemas.warmup.WarmupRun;
import dev.hearth.schemas.warmup.WarmupRun.State;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

/** Which requests become runs, and how their runs are cancelled and forgotten. */
class RunRequestsTest extends RunnerFixture {
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
    WarmupRunner runner = runner(List.of(redis), RunnerFixture::values);
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
  void forgetsTheOldestOfTooManyEndedRuns() {
    WarmupRunner runner = runner(List.of(redis), RunnerFixture::values);
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
}
