package dev.hearth.schemas.warmup;

import java.time.Duration;
import java.util.Optional;

/**
 * What somebody wants to be warm.
 *
 * @param top how many of the hottest keys, at least 1
 * @param until a hit ratio of the cache that is enough, above 0, up to 1
 * @param trigger who asks: http, command, deploy, schedule, ...
 */
public record WarmupRequest(
    String cache, int top, Order by, Budget budget, Optional<Double> until, String trigger) {

  public WarmupRequest {
    if (top < 1) {
      throw new IllegalArgumentException("top is " + top + "; expected 1 or more");
    }
    until.ifPresent(ratio -> requireShare("until", ratio));
  }

  /** The hottest keys by reads, within no budget. */
  public static WarmupRequest hottest(String cache, int top, String trigger) {
    return new WarmupRequest(cache, top, Order.READS, Budget.NONE, Optional.empty(), trigger);
  }

  /** What makes a key come before another. */
  public enum Order {
    /** How often it is read. */
    READS,
    /** Reads times load time: the database time that an entry saves. */
    WEIGHT
  }

  /**
   * What a run may spend; it ends where one is used up. Empty: no limit of its own.
   *
   * @param keys to load, at least 1
   * @param bytes of values to load, at least 1
   * @param time from the run's start, above zero
   * @param databaseShare of the time of all the warmer's connections, above 0, up to 1
   */
  public record Budget(
      Optional<Integer> keys,
      Optional<Long> bytes,
      Optional<Duration> time,
      Optional<Double> databaseShare) {
    public static final Budget NONE =
        new Budget(Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty());

    public Budget {
      if (keys.isPresent() && keys.get() < 1) {
        throw new IllegalArgumentException("keys is " + keys.get() + "; expected 1 or more");
      }
      if (bytes.isPresent() && bytes.get() < 1) {
        throw new IllegalArgumentException("bytes is " + bytes.get() + "; expected 1 or more");
      }
      if (time.isPresent() && (time.get().isNegative() || time.get().isZero())) {
        throw new IllegalArgumentException("time is " + time.get() + "; expected above zero");
      }
      databaseShare.ifPresent(share -> requireShare("databaseShare", share));
    }

    /** Whether whatever the other may spend, this may too. */
    public boolean covers(Budget other) {
      return isAtLeast(keys, other.keys)
          && isAtLeast(bytes, other.bytes)
          && isAtLeast(time, other.time)
          && isAtLeast(databaseShare, other.databaseShare);
    }

    private static <T extends Comparable<T>> boolean isAtLeast(Optional<T> mine, Optional<T> its) {
      return mine.isEmpty() || (its.isPresent() && mine.get().compareTo(its.get()) >= 0);
    }
  }

  /**
   * Whether a run of this one warms all that the other asks for, so that the other needs none of
   * its own. Who asks does not matter.
   */
  public boolean covers(WarmupRequest other) {
    boolean asLong =
        until.isEmpty() || (other.until.isPresent() && until.get() >= other.until.get());
    return cache.equals(other.cache)
        && by == other.by
        && top >= other.top
        && asLong
        && budget.covers(other.budget);
  }

  private static void requireShare(String name, double value) {
    if (!(value > 0 && value <= 1)) {
      throw new IllegalArgumentException(
          name + " is " + value + "; expected a number above 0, up to 1");
    }
  }
}
