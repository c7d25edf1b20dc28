package dev.hearth.warmer.run;

import java.time.Duration;

/**
 * How runs are executed.
 *
 * @param batchKeys keys of one query, 1 to 1000
 * @param ceiling most queries at once, at least 1: no more than there are connections
 * @param queued most runs that wait, at least 1
 * @param kept most ended runs that are remembered
 * @param storeTimeout longest wait for a store's answers to one batch
 * @param progressEvery how often the progress of a run is published
 */
public record RunnerSettings(
    int batchKeys,
    int ceiling,
    int queued,
    int kept,
    Duration storeTimeout,
    Duration progressEvery) {
  public RunnerSettings {
    if (batchKeys < 1 || batchKeys > 1_000) {
      throw new IllegalArgumentException("batchKeys is " + batchKeys + "; expected 1 to 1000");
    }
    if (ceiling < 1 || queued < 1 || kept < 0) {
      throw new IllegalArgumentException(
          "ceiling is "
              + ceiling
              + ", queued "
              + queued
              + ", kept "
              + kept
              + "; expected at least 1, 1 and 0");
    }
  }

  /** 100 keys to a query, four queries at once, 16 runs waiting, 1,000 remembered. */
  public static RunnerSettings defaults() {
    return new RunnerSettings(100, 4, 16, 1_000, Duration.ofSeconds(5), Duration.ofSeconds(1));
  }
}
