package dev.hearth.sandbox;

import java.util.Random;

/**
 * Random cases of a test. Each has a seed of its own, which a failure names, so that a rare one is
 * the first of the next run: {@code -Dhearth.seed=...}. There are {@code -Dhearth.times=...} as
 * many as in a build.
 */
public final class Cases {
  // Far apart, as a Random begins alike with seeds that are close together.
  private static final long APART = 0x9E3779B97F4A7C15L;

  private Cases() {}

  /** What one case checks. */
  @FunctionalInterface
  public interface Case {
    void check(Random random) throws Exception;
  }

  /** The seed that was asked for, or a new one. */
  public static long seed() {
    return Long.getLong("hearth.seed", System.nanoTime());
  }

  /**
   * How many cases a test has now.
   *
   * @param inBuild how many it has in a build, above 0
   * @throws ArithmeticException where that is more than an int takes
   */
  public static int number(int inBuild) {
    return Math.multiplyExact(inBuild, Integer.getInteger("hearth.times", 1));
  }

  /**
   * Checks one case after the other, each with a source of its own.
   *
   * @param inBuild how many there are in a build, above 0
   * @throws AssertionError where one fails in any way: with its seed, and what it threw
   */
  public static void check(int inBuild, Case each) {
    long seed = seed();
    int number = number(inBuild);
    for (int i = 0; i < number; i++, seed += APART) {
      try {
        each.check(new Random(seed));
      } catch (Exception | AssertionError e) {
        throw new AssertionError(
            "case %d of %d; it is the first with -Dhearth.seed=%d: %s"
                .formatted(i + 1, number, seed, e.getMessage()),
            e);
      }
    }
  }
}
