package dev.hearth.warmer.audit;

import java.time.Duration;

/**
 * How an audit proceeds.
 *
 * @param batchKeys keys of one query, at least 1
 * @param settle how long an entry may differ from the database before it counts as stale: longer
 *     than any change may take to arrive
 * @param retryEvery how often entries that differ are compared again
 * @param storeTimeout longest wait for a store's answers to one batch
 */
public record AuditSettings(
    int batchKeys, Duration settle, Duration retryEvery, Duration storeTimeout) {

  /** The same for a cache whose entries may be wrong for so much longer. */
  public AuditSettings settlingLaterBy(Duration delay) {
    return new AuditSettings(batchKeys, settle.plus(delay), retryEvery, storeTimeout);
  }

  /** 100 keys to a query, five seconds to settle, asked again ten times a second. */
  public static AuditSettings defaults() {
    return new AuditSettings(
        100, Duration.ofSeconds(5), Duration.ofMillis(100), Duration.ofSeconds(5));
  }
}
