package dev.hearth.store;

import static java.util.Objects.requireNonNull;

import dev.hearth.store.DeliveryTarget.RoundOutcome;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;

/**
 * One partition of the invalidations, and a delivery that does what the invalidator's does: it goes
 * on where the store says, replays after a mismatch or an outage, and begins at the end of the log
 * where the store knows nothing. For one thread.
 */
public final class DeliveredLog {
  private static final Duration BOUND = Duration.ofSeconds(60);
  private static final Duration PAUSE = Duration.ofMillis(20);

  private final List<Round> log = new ArrayList<>();
  private final DeliveryTarget target;
  private final int partition;
  private boolean open;
  private int next;
  private int mismatches;
  private int outages;

  public DeliveredLog(DeliveryTarget target, int partition) {
    this.target = target;
    this.partition = partition;
  }

  /** Publishes a round; its offset is given here. */
  public void publish(RoundBuilder round) {
    log.add(round.partition(partition).offset(log.size()).build());
  }

  /** Delivers everything that was published. */
  public void deliver() {
    long deadline = System.nanoTime() + BOUND.toNanos();
    while (!tried()) {
      if (System.nanoTime() > deadline) {
        throw new AssertionError("not delivered within " + BOUND.toSeconds() + " s");
      }
      LockSupport.parkNanos(PAUSE.toNanos());
    }
  }

  /** Delivers everything that was published, unless the store fails; true if it did not. */
  public boolean tried() {
    try {
      do {
        if (!open) {
          Optional<DeliveryTarget.Resume> resume = target.open(partition);
          next = resume.map(at -> (int) at.offset() + 1).orElse(log.size());
          open = true;
        }
        while (open && next < log.size()) {
          RoundOutcome outcome =
              requireNonNull(target.apply(List.of(log.get(next))).get(partition));
          open = outcome != RoundOutcome.WENT_BACK;
          mismatches += open ? 0 : 1;
          next += open ? 1 : 0;
        }
      } while (!open);
      return true;
    } catch (StoreUnavailableException e) {
      outages++;
      open = false;
      return false;
    }
  }

  /** How often the store was not where this delivery left it. */
  public int mismatches() {
    return mismatches;
  }

  /** How often the store did not answer. */
  public int outages() {
    return outages;
  }
}
