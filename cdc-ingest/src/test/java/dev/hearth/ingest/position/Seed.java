package dev.hearth.ingest.position;

import java.util.Random;

/** Random input that can be had again: prints its seed, and takes one from -Dhearth.seed. */
final class Seed {
  private Seed() {}

  static Random random(String test) {
    long seed = Long.getLong("hearth.seed", System.nanoTime());
    System.out.println(test + ": random input of -Dhearth.seed=" + seed);
    return new Random(seed);
  }
}
