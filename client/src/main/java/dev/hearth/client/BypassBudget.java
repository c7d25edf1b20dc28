package dev.hearth.client;

import io.github.resilience4j.ratelimiter.RateLimiter;
import io.github.resilience4j.ratelimiter.RateLimiterConfig;
import java.time.Duration;
import java.util.Optional;

/**
 * How many reads may pass by caches that have stopped being fresh, so that a stopped stream does
 * not turn into a stopped database. One for all caches of a process. Thread-safe; never waits: a
 * queue before a database that is in trouble would only add to it.
 */
public final class BypassBudget {
  /** A budget is handed out in slices of this, so that a second's does not come all at once. */
  private static final Duration SLICE = Duration.ofMillis(50);

  private final Optional<RateLimiter> limiter;

  private BypassBudget(Optional<RateLimiter> limiter) {
    this.limiter = limiter;
  }

  /**
   * A budget, such as 200 reads per second.
   *
   * @param reads 0 or more; 0 lets none pass
   * @param per the time that they are for, more than zero
   */
  public static BypassBudget of(long reads, Duration per) {
    if (reads < 0 || per.isZero() || per.isNegative()) {
      throw new IllegalArgumentException(
          "bypass budget is " + reads + " per " + per + "; expected 0 or more in a positive time");
    }
    if (reads == 0) {
      return new BypassBudget(Optional.empty());
    }
    double readsPerSlice = (double) reads * SLICE.toNanos() / per.toNanos();
    int permits = (int) Math.min(Integer.MAX_VALUE, Math.max(1, Math.round(readsPerSlice)));
    long periodNanos = Math.max(1, Math.round((double) permits * per.toNanos() / reads));
    return new BypassBudget(
        Optional.of(
            RateLimiter.of(
                "hearth-bypass",
                RateLimiterConfig.custom()
                    .limitForPeriod(permits)
                    .limitRefreshPeriod(Duration.ofNanos(periodNanos))
                    .timeoutDuration(Duration.ZERO)
                    .build())));
  }

  /** Takes one read from the budget; false where nothing is left. */
  boolean take() {
    return limiter.isPresent() && limiter.get().acquirePermission();
  }
}
