package dev.hearth.invalidator;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Seeds of random tests: printed, and repeated with {@code -Dhearth.seed=...}. */
public final class Seeds {
  private static final Logger LOG = LoggerFactory.getLogger(Seeds.class);

  private Seeds() {}

  public static long next() {
    long seed = Long.getLong("hearth.seed", System.nanoTime());
    LOG.info("seed {}", seed);
    return seed;
  }
}
