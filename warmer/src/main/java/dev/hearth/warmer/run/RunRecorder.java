package dev.hearth.warmer.run;

import dev.hearth.schemas.warmup.WarmupRun;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes down what becomes of runs, for the other instances and for the next start. Thread-safe.
 */
final class RunRecorder {
  private static final Logger log = LoggerFactory.getLogger(RunRecorder.class);
  private static final Duration LONGEST_ACKNOWLEDGEMENT = Duration.ofSeconds(15);

  private final RunJournal journal;
  private final Duration progressEvery;
  private volatile long publishedNanos;
  private volatile Optional<WarmupRun> published = Optional.empty();

  /**
   * @param progressEvery how often mere numbers are written down
   */
  RunRecorder(RunJournal journal, Duration progressEvery) {
    this.journal = journal;
    this.progressEvery = progressEvery;
  }

  void forget(List<String> ids) {
    ids.forEach(journal::forget);
  }

  /** How a run comes on: now, or with what comes of it later. */
  void progress(WarmupRun run) {
    if (isWorthPublishing(run)) {
      publishedNanos = System.nanoTime();
      published = Optional.of(run);
      publish(run);
    }
  }

  /** News at once, mere numbers now and then. */
  private boolean isWorthPublishing(WarmupRun run) {
    boolean sameNews =
        published
            .filter(last -> last.id().equals(run.id()) && last.term() == run.term())
            .filter(last -> last.waitingFor().equals(run.waitingFor()))
            .filter(last -> last.progress().planned() == run.progress().planned())
            .isPresent();
    return !sameNews || System.nanoTime() - publishedNanos >= progressEvery.toNanos();
  }

  @SuppressWarnings("FutureReturnValueIgnored") // the log is all that a lost note of progress needs
  void publish(WarmupRun run) {
    journal
        .publish(run)
        .whenComplete(
            (done, failure) -> {
              if (failure != null) {
                log.warn(
                    "state of a run was not written down run={} state={} error={}",
                    run.id(),
                    run.state(),
                    failure.toString());
              }
            });
  }

  /** Empty once written down, else why not. */
  Optional<String> publishAndAwait(WarmupRun run) {
    try {
      journal
          .publish(run)
          .toCompletableFuture()
          .get(LONGEST_ACKNOWLEDGEMENT.toMillis(), TimeUnit.MILLISECONDS);
      return Optional.empty();
    } catch (ExecutionException e) {
      return Optional.of(String.valueOf(e.getCause()));
    } catch (TimeoutException e) {
      return Optional.of("no answer within " + LONGEST_ACKNOWLEDGEMENT.toSeconds() + " s");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Optional.of("interrupted");
    }
  }
}
