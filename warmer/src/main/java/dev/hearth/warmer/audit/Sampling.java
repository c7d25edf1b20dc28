package dev.hearth.warmer.audit;

import java.util.SplittableRandom;
import java.util.function.Predicate;

/**
 * Which entries one pass compares: a share of them, another one with each salt, and the first
 * {@value #ALWAYS} in any case, so that a small cache is compared as a whole. For one thread.
 */
final class Sampling implements Predicate<String> {
  static final int ALWAYS = 1_000;

  private final double share;
  private final long salt;
  private long seen;

  /**
   * @param share above 0, up to 1
   */
  Sampling(double share, long salt) {
    this.share = share;
    this.salt = salt;
  }

  @Override
  public boolean test(String key) {
    seen++;
    return seen <= ALWAYS || new SplittableRandom(salt ^ key.hashCode()).nextDouble() < share;
  }
}
