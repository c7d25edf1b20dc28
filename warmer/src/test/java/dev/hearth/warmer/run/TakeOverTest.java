package dev.hearth.warmer.run;

import static dev.hearth.warmer.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.schemas.warmup.WarmupRun;
import dev.hearth.schemas.warmup.WarmupRun.Progress;
import dev.hearth.schemas.warmup.WarmupRun.State;
import dev.hearth.warmer.RealServers;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Two instances, one of which ends in the middle of a run, on real servers. */
class TakeOverTest {
  private static final String DATABASE = "take_over";
  private static final int KEYS = RealRuns.ROWS;
  private static final RunnerSettings SETTINGS =
      new RunnerSettings(
          100,
          4,
          16,
          100,
          Duration.ofSeconds(20),
          Duration.ZERO,
          Duration.ofSeconds(20),
          Duration.ofSeconds(30),
          Duration.ofSeconds(6));

  private final AtomicBoolean held = new AtomicBoolean(true);
  private RealRuns runs;

  @BeforeEach
  void open() {
    runs = new RealRuns(DATABASE, Duration.ofSeconds(20));
  }

  @AfterEach
  void close() {
    runs.close();
  }

  @Test
  void finishesWhatAKilledInstanceLeftInTheMiddleWithItsOwnCounts() {
    Instance first = new Instance(true);
    String id = first.submit();
    int done = first.awaitHeld(id);
    try (Instance second = new Instance(false)) {
      eventually(() -> second.runner.find(id), run -> assertThat(run).isPresent());

      first.kill();

      WarmupRun ended = second.awaitEnd(id);
      assertThat(ended.state()).isEqualTo(State.DONE);
      assertThat(ended.owner()).isNotEqualTo(first.owner);
      assertThat(ended.progress()).isEqualTo(new Progress(KEYS, KEYS - done, done, 0, 0, 0, 0));
      eventually(second.journal::read, runs -> assertThat(runs).containsExactly(ended));
    }
  }

  @Test
  void anInstanceThatDoesNotKnowOfTheTakeOverChangesNothingOfTheCounts() {
    Instance first = new Instance(true);
    String id = first.submit();
    int done = first.awaitHeld(id);
    try (Instance second = new Instance(false)) {
      // It still believes to hold the claim, and hears of nothing: as after a long stop.
      first.deaf.set(true);
      first.claim.close();
      WarmupRun ended = second.awaitEnd(id);

      held.set(false);

      WarmupRun believed = first.awaitEnd(id);
      assertThat(believed.term()).isLessThan(ended.term());
      assertThat(believed.progress()).isEqualTo(new Progress(KEYS, done, KEYS - done, 0, 0, 0, 0));
      first.close();
      assertThat(ended.progress()).isEqualTo(new Progress(KEYS, KEYS - done, done, 0, 0, 0, 0));
      assertThat(second.runner.find(id)).contains(ended);
      try (KafkaRunJournal fresh = runs.journal()) {
        assertThat(fresh.read()).containsExactly(ended);
      }
    }
  }

  /** One of two processes. */
  private final class Instance implements AutoCloseable {
    private final AtomicBoolean deaf = new AtomicBoolean();
    private final KafkaRunJournal journal = runs.journal();
    private final KafkaRunClaim claim =
        new KafkaRunClaim(
            runs.topics.warmups(), runs.prefix + "-runs", SETTINGS.session(), RealServers.kafka());
    private final WarmupRunner runner;
    private Optional<String> owner = Optional.empty();

    private Instance(boolean first) {
      claim.start();
      if (first) {
        eventually(claim::isHeld, it -> assertThat(it).isTrue());
      }
      runner =
          runs.runner(
              new Deaf(journal, deaf),
              first ? () -> deaf.get() || claim.isHeld() : claim,
              first ? List.of(holdingAfterSome()) : List.of(),
              SETTINGS,
              keys -> {});
      runner.start();
    }

    /** No lease is out while it waits, so every key of the rest is the other's to store. */
    private StartCondition holdingAfterSome() {
      AtomicBoolean begun = new AtomicBoolean();
      return (request, next) ->
          begun.getAndSet(true) && held.get()
              ? new StartCondition.Verdict.Wait("the test")
              : StartCondition.Verdict.GO;
    }

    private String submit() {
      return RealRuns.submit(runner, KEYS);
    }

    /** How many entries it has stored when it waits with nothing under way. */
    private int awaitHeld(String id) {
      WarmupRun run =
          eventually(
                  () ->
                      runner
                          .find(id)
                          .filter(it -> it.waitingFor().isPresent() && it.progress().done() > 0),
                  it -> assertThat(it).isPresent())
              .orElseThrow();
      owner = run.owner();
      return run.progress().stored();
    }

    private WarmupRun awaitEnd(String id) {
      return RealRuns.ended(runner, id);
    }

    private void kill() {
      runner.close();
      claim.abandon();
      journal.close();
    }

    @Override
    public void close() {
      runner.close();
      claim.close();
      journal.close();
    }
  }

  /** A journal that an instance writes to, and for a while hears nothing new of. */
  private static final class Deaf implements RunJournal {
    private final RunJournal journal;
    private final AtomicBoolean deaf;
    private List<WarmupRun> last = List.of();

    private Deaf(RunJournal journal, AtomicBoolean deaf) {
      this.journal = journal;
      this.deaf = deaf;
    }

    @Override
    public CompletionStage<Void> publish(WarmupRun run) {
      return journal.publish(run);
    }

    @Override
    public void forget(String id) {
      journal.forget(id);
    }

    @Override
    public synchronized List<WarmupRun> read() {
      last = deaf.get() ? last : journal.read();
      return last;
    }

    @Override
    public void close() {
      journal.close();
    }
  }
}
