package dev.hearth.chassis.health;

import java.time.Duration;
import java.util.function.LongSupplier;

/**
 * The pulse of one main loop. The loop calls {@link #beat} once per turn, from its own thread; a
 * loop that has not beaten within its bound counts as dead. Waiting for a broker or a database is a
 * turn too, so a loop beats also when it has nothing to do.
 */
public final class Heartbeat implements AutoCloseable {

  private final String name;
  private final Duration bound;
  private final LongSupplier nanoTime;
  private final Runnable onClose;
  private volatile long beatenAtNanos;

  Heartbeat(String name, Duration bound, LongSupplier nanoTime, Runnable onClose) {
    this.name = name;
    this.bound = bound;
    this.nanoTime = nanoTime;
    this.onClose = onClose;
    this.beatenAtNanos = nanoTime.getAsLong();
  }

  /** The loop turned. Costs one reading of the clock; any thread. */
  public void beat() {
    beatenAtNanos = nanoTime.getAsLong();
  }

  /** The loop ended on purpose: it is no longer watched. */
  @Override
  public void close() {
    onClose.run();
  }

  Check check() {
    Duration silent = Duration.ofNanos(nanoTime.getAsLong() - beatenAtNanos);
    return silent.compareTo(bound) > 0
        ? new Check(
            name,
            false,
            "no turn for %d ms; at least one in %d ms is expected"
                .formatted(silent.toMillis(), bound.toMillis()))
        : new Check(name, true, "turning");
  }
}
