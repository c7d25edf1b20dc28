package dev.hearth.cli.doctor;

import java.time.Duration;
import java.time.Instant;
import java.util.Locale;
import java.util.concurrent.Callable;

/**
 * How far a server's clock is from this machine's.
 *
 * @param ahead of this machine; negative: behind
 * @param doubt at most so far off, half of what asking took
 */
record Clocks(Duration ahead, Duration doubt) {
  /** Above it lags are shown that are no lags. */
  private static final Duration TOLERATED = Duration.ofMillis(500);

  static Clocks compare(Callable<Instant> server) throws Exception {
    Instant before = Instant.now();
    Instant there = server.call();
    Duration took = Duration.between(before, Instant.now());
    Duration half = took.dividedBy(2);
    return new Clocks(Duration.between(before.plus(half), there), half);
  }

  Verdict verdict() {
    String apart =
        String.format(
            Locale.ROOT,
            "%.0f ms %s this machine's (± %.0f ms)",
            Math.abs(ahead.toNanos() / 1e6),
            ahead.isNegative() ? "behind" : "ahead of",
            doubt.toNanos() / 1e6);
    return ahead.abs().minus(doubt).compareTo(TOLERATED) <= 0
        ? Verdict.ok(apart)
        : Verdict.warning(
            apart
                + "; nothing goes stale by it, since ages cross machines and not times, but lags"
                + " between the two are shown wrong",
            "chronyc tracking, or timedatectl status, on both machines");
  }
}
