package dev.hearth.warmer.run;

import java.time.Duration;

/**
 * Keeps load queries to a share of the database's time, on average since a run began: the time
 * spent in queries, summed over connections, is at most {@code share × connections × time passed}.
 * With four connections, 0.25 is one query at a time without a pause, and 0.05 a fifth of that.
 * Pure.
 *
 * @param share above 0, up to 1
 * @param connections the ceiling, at least 1
 */
record DatabaseShare(double share, int connections) {

  /**
   * How long to wait before the next query.
   *
   * @param spent in queries so far, summed over connections
   * @param passed since the run began
   * @return zero where there is no need
   */
  Duration pause(Duration spent, Duration passed) {
    double due = spent.toNanos() / (share * connections);
    long wait = (long) Math.ceil(due) - passed.toNanos();
    return wait <= 0 ? Duration.ZERO : Duration.ofNanos(wait);
  }
}
