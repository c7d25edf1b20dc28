package dev.hearth.guarantees.oracle;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/** Random decisions from one seed. For one thread. */
final class Dice {
  private final Random random;

  Dice(long seed) {
    this.random = new Random(seed);
  }

  /** True in so many of a hundred cases. */
  boolean percent(int percent) {
    return random.nextInt(100) < percent;
  }

  /** From 0 to below the bound. */
  int below(int bound) {
    return random.nextInt(bound);
  }

  /** Both ends included. */
  int between(int least, int most) {
    return least + random.nextInt(most - least + 1);
  }

  long seed() {
    return random.nextLong();
  }

  <T> T one(List<T> of) {
    return of.get(random.nextInt(of.size()));
  }

  /** At least {@code least} of them, in their order. */
  <T> List<T> some(List<T> of, int least) {
    List<T> shuffled = new ArrayList<>(of);
    Collections.shuffle(shuffled, random);
    int count = Math.min(of.size(), least + random.nextInt(Math.max(1, of.size() - least + 1)));
    List<T> taken = shuffled.subList(0, count);
    return of.stream().filter(taken::contains).toList();
  }
}
