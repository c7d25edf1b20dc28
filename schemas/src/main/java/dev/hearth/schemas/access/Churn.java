package dev.hearth.schemas.access;

/**
 * Whether a key is written too often for a cache to help. Pure.
 *
 * <p>Let reads come at a rate r and writes at a rate w, each independent of what came before. An
 * invalidation takes the entry at every write, so a read hits if the last thing that happened to
 * the key was a read and not a write, which is the case with probability r / (r + w). That is the
 * best hit ratio any cache can reach that is kept true, and also the probability that an entry
 * filled now is read before it is taken again. Below one half, a fill is more likely wasted than
 * used: such a key <em>churns</em>.
 */
public final class Churn {
  /** Below it a fill is more likely wasted than used. */
  public static final double LEAST_HIT_RATIO = 0.5;

  private Churn() {}

  /**
   * The best hit ratio that a true cache can reach for a key, 0 to 1; 1 for a key of which no write
   * is known. Reads count with their upper bound and writes with their lower one, so the answer
   * errs towards caching.
   */
  public static double bestHitRatio(HotKeys.HotKey key) {
    double reads = sane(key.readsPerSecond());
    double writes = sane(key.writesPerSecond());
    return writes == 0 ? 1 : reads / (reads + writes);
  }

  /** Whether a key is better not cached, and never warmed: certainly more writes than reads. */
  public static boolean isChurning(HotKeys.HotKey key) {
    return bestHitRatio(key) < LEAST_HIT_RATIO;
  }

  /**
   * Whether the next read is expected before the next write, even if the reads are as few as their
   * error allows: then filling again right after an invalidation pays.
   */
  public static boolean isReadBeforeWritten(HotKeys.HotKey key) {
    return sane(key.readsPerSecond() - sane(key.errorPerSecond())) > sane(key.writesPerSecond());
  }

  /** Rates travel over a topic: what is no rate is none. */
  private static double sane(double rate) {
    return Double.isFinite(rate) && rate > 0 ? rate : 0;
  }
}
