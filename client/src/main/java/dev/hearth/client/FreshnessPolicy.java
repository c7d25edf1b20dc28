package dev.hearth.client;

import dev.hearth.client.feed.Evidence;
import java.time.Duration;

/**
 * What becomes of a read that asks for freshness and whose freshness is in doubt. Thread-safe.
 *
 * <p>A token is ahead of a healthy store for up to a second after its write; such a read goes to
 * the database in any case, without taking from the budget. All else is the policy's: a store that
 * is behind by more than five seconds, or nobody knows how much, is one whose stream has stopped.
 *
 * @param whenStale what such a read gets
 * @param budget shared by all caches of the process
 */
public record FreshnessPolicy(WhenStale whenStale, BypassBudget budget) {
  /** Ten heartbeats of the pipeline. */
  private static final Duration STOPPED = Duration.ofSeconds(5);

  /** From the database, 200 reads a second. */
  public static FreshnessPolicy defaults() {
    return new FreshnessPolicy(WhenStale.DATABASE, BypassBudget.of(200, Duration.ofSeconds(1)));
  }

  /** What becomes of a read. */
  enum Course {
    DATABASE,
    DATABASE_WITHIN_BUDGET,
    STALE,
    REFUSE
  }

  /** Decides; pure. */
  Course course(Doubt doubt, Evidence evidence) {
    if (doubt == Doubt.BEHIND_TOKEN && Doubt.isWithin(STOPPED, evidence)) {
      return Course.DATABASE;
    }
    return switch (whenStale) {
      case DATABASE -> Course.DATABASE_WITHIN_BUDGET;
      case STALE -> Course.STALE;
      case FAIL -> Course.REFUSE;
    };
  }
}
