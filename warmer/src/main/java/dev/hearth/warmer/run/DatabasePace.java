package dev.hearth.warmer.run;

import com.netflix.concurrency.limits.Limit;
import com.netflix.concurrency.limits.limit.Gradient2Limit;

/**
 * How much the database is asked at once. Thread-safe.
 *
 * <p>The limit follows Netflix' Gradient2 [1]: it compares the latency of now with that of the long
 * run, shrinks in proportion where queries have become slower than half as much again, and grows by
 * a fixed step otherwise. Its unit here is the <em>key</em>, not the query: with four connections
 * there is not much between one query and four, and Gradient2 adds its step before every division,
 * so in whole queries it would never come down to one. Only batches at least half full are
 * measured, for small ones are quick whatever the load. One batch may always run.
 *
 * <p>A failed load says nothing of latency (a refused connection is quick), so it is no sample:
 * until the next success, there is one batch at a time. So it is while a standby lags: the primary
 * answers in its place, and the replay may lag because of our own reads.
 *
 * <ol>
 *   <li>Netflix concurrency-limits, Gradient2Limit; "Performance Under Load", Netflix Technology
 *       Blog, 2018.
 * </ol>
 */
final class DatabasePace {
  private final int batchKeys;
  private final Limit limit;
  private int inFlightKeys;
  private boolean failing;
  private boolean behind;

  /**
   * Begins with one batch at a time.
   *
   * @param ceiling most full batches at once
   */
  DatabasePace(int batchKeys, int ceiling) {
    this.batchKeys = batchKeys;
    this.limit =
        Gradient2Limit.newBuilder()
            .initialLimit(batchKeys)
            .minLimit(batchKeys)
            .maxConcurrency(batchKeys * ceiling)
            .queueSize(Math.max(1, batchKeys / 2))
            .build();
  }

  /** Waits until a batch may go. */
  synchronized void acquire() throws InterruptedException {
    while (inFlightKeys > 0 && inFlightKeys + batchKeys > allowedKeys()) {
      wait();
    }
    inFlightKeys += batchKeys;
  }

  synchronized void release() {
    inFlightKeys -= batchKeys;
    notifyAll();
  }

  /**
   * A query that answered.
   *
   * @param isBehind whether a standby was passed over because it lags
   */
  synchronized void answered(int keys, long startNanos, long tookNanos, boolean isBehind) {
    failing = false;
    behind = isBehind;
    if (2 * keys >= batchKeys) {
      limit.onSample(startNanos, Math.max(1, tookNanos), inFlightKeys, false);
    }
    notifyAll();
  }

  synchronized void failed() {
    failing = true;
  }

  /** Full batches that may run at once now; not whole. */
  synchronized double allowed() {
    return (double) allowedKeys() / batchKeys;
  }

  private int allowedKeys() {
    return failing || behind ? batchKeys : limit.getLimit();
  }
}
