package dev.hearth.client;

import java.time.Duration;
import java.util.Optional;

/**
 * How long a reader waits for somebody else's fill: pauses that double from one millisecond to
 * sixteen, each cut at random to between half and all of it, so that readers in many processes do
 * not ask in step. Pure.
 *
 * @param bound of all the waiting for one read; zero for none
 */
record BusyWait(Duration bound) {
  private static final long FIRST_NANOS = 1_000_000;
  private static final int DOUBLINGS = 4;

  BusyWait {
    if (bound.isNegative() || bound.compareTo(Duration.ofHours(1)) > 0) {
      throw new IllegalArgumentException("busyBound is " + bound + "; expected zero to 1 hour");
    }
  }

  /**
   * The next pause; empty when it is time to go to the database.
   *
   * @param attempt 0 for the first
   * @param waited since the first time that the key was busy
   * @param random 0 to 1
   */
  Optional<Duration> pause(int attempt, Duration waited, double random) {
    Duration left = bound.minus(waited);
    if (left.isNegative() || left.isZero()) {
      return Optional.empty();
    }
    long longestNanos = FIRST_NANOS << Math.min(attempt, DOUBLINGS);
    Duration pause = Duration.ofNanos((long) (longestNanos * (0.5 + 0.5 * random)));
    return Optional.of(pause.compareTo(left) < 0 ? pause : left);
  }
}
