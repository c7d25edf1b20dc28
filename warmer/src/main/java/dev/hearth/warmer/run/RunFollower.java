package dev.hearth.warmer.run;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Learns what the journal holds, again and again: what runs and pauses other instances, and earlier
 * processes, have written down. Thread-safe.
 */
final class RunFollower {
  private static final Logger log = LoggerFactory.getLogger(RunFollower.class);
  private static final Duration FOLLOW_EVERY = Duration.ofMillis(200);
  private static final Duration RETRY_EVERY = Duration.ofSeconds(1);

  private final RunJournal journal;
  private final Pauses pauses;
  private final RunBook book;
  private final RunClaim claim;
  private final RunRecorder recorder;
  private final CountDownLatch stopped;
  private volatile boolean takenUp;

  /**
   * @param book gets what is learned
   * @param stopped open once the process ends
   */
  RunFollower(
      RunJournal journal,
      Pauses pauses,
      RunBook book,
      RunClaim claim,
      RunRecorder recorder,
      CountDownLatch stopped) {
    this.journal = journal;
    this.pauses = pauses;
    this.book = book;
    this.claim = claim;
    this.recorder = recorder;
    this.stopped = stopped;
  }

  /** Whether all that stood in the journal at the start is known. */
  boolean hasTakenUp() {
    return takenUp;
  }

  /** Follows until the process ends. */
  void follow() {
    try {
      boolean read;
      do {
        read = readOn();
      } while (!stopped.await(
          (read ? FOLLOW_EVERY : RETRY_EVERY).toMillis(), TimeUnit.MILLISECONDS));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Learns what is new; false where the journal does not answer. */
  boolean readOn() {
    try {
      pauses.takeUp();
      List<String> old = book.fold(journal.read());
      if (claim.isHeld()) {
        recorder.forget(old);
      }
      takenUp = true;
      return true;
    } catch (RuntimeException e) {
      if (stopped.getCount() > 0) {
        log.warn("runs of others are not known, trying again error={}", e.toString());
      }
      return false;
    }
  }
}
