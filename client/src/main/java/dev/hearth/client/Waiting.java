package dev.hearth.client;

import java.time.Duration;
import java.util.Optional;
import java.util.function.DoubleSupplier;
import java.util.function.LongConsumer;
import java.util.function.LongSupplier;

/** The waiting of one read for what somebody else brings. For one thread. */
final class Waiting {
  private final BusyWait bound;
  private final DoubleSupplier random;
  private final LongSupplier ticker;
  private final LongConsumer pause;
  private int waits;
  private long sinceTick;

  /**
   * Nothing is waited for yet.
   *
   * @param random numbers from 0 to 1
   * @param ticker nanoseconds that only grow
   * @param pause waits for some of them
   */
  Waiting(BusyWait bound, DoubleSupplier random, LongSupplier ticker, LongConsumer pause) {
    this.bound = bound;
    this.random = random;
    this.ticker = ticker;
    this.pause = pause;
  }

  /** Waits a little; false where it has been long enough, or somebody wants this thread. */
  boolean goesOn() {
    long now = ticker.getAsLong();
    sinceTick = waits == 0 ? now : sinceTick;
    Optional<Duration> next =
        bound.pause(waits++, Duration.ofNanos(now - sinceTick), random.getAsDouble());
    if (next.isEmpty() || Thread.currentThread().isInterrupted()) {
      return false;
    }
    pause.accept(next.get().toNanos());
    return true;
  }
}
