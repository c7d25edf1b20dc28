package dev.hearth.warmer.heat;

import java.util.Arrays;
import java.util.Random;

/** Numbers from 0, of which n is drawn in proportion to (n+1)^-exponent. Immutable. */
final class ZipfKeys {
  private final double[] cumulative;

  ZipfKeys(int keys, double exponent) {
    cumulative = new double[keys];
    double sum = 0;
    for (int i = 0; i < keys; i++) {
      sum += 1 / Math.pow(i + 1, exponent);
      cumulative[i] = sum;
    }
  }

  int draw(Random random) {
    double at = random.nextDouble() * cumulative[cumulative.length - 1];
    int found = Arrays.binarySearch(cumulative, at);
    return Math.min(cumulative.length - 1, found < 0 ? -found - 1 : found);
  }
}
