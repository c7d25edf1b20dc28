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
 * @param slowLoad a load query that takes this long counts as failed
 * @param breakerRest how long a load query is not asked after three failures in a row
 * @param session after which an instance that is not heard of is dead, 6 s to 5 min
 */
public record RunnerSettings(
    int batchKeys,
    int ceiling,
    int queued,
    int kept,
    Duration storeTimeout,
    Duration progressEvery,
    Duration slowLoad,
    Duration breakerRest,
    Duration session) {
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

  /** With defaults for what nobody sets. */
  public RunnerSettings(
      int batchKeys,
      int ceiling,
      int queued,
      int kept,
      Duration storeTimeout,
      Duration progressEvery) {
    this(
        batchKeys,
        ceiling,
        queued,
        kept,
        storeTimeout,
        progressEvery,
        Duration.ofSeconds(2),
        Duration.ofSeconds(30),
        Duration.ofSeconds(10));
  }

  /**
   * 100 keys to a query, four queries at once, 16 runs waiting, 1,000 remembered; a query of 2 s is
   * slow, and after three such the database has 30 s of rest.
   */
  public static RunnerSettings defaults() {
    return new RunnerSettings(100, 4, 16, 1_000, Duration.ofSeconds(5), Duration.ofSeconds(1));
  }
}
