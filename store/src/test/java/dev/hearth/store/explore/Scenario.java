package dev.hearth.store.explore;

import java.util.Optional;

/**
 * What may happen.
 *
 * @param without the protection that is switched off
 * @param standby whether fills may read a standby
 * @param voiding whether the last transaction voids the cache instead of naming the key
 * @param redeliveries how often the delivery begins again at an earlier offset
 * @param faults how often something is lost
 */
record Scenario(
    Optional<Protection> without, boolean standby, boolean voiding, int redeliveries, int faults) {
  static final int TRANSACTIONS = 2;
  static final int FILLERS = 2;

  boolean has(Protection protection) {
    return without.isEmpty() || without.get() != protection;
  }

  boolean voids(int transaction) {
    return voiding && transaction == TRANSACTIONS - 1;
  }

  Scenario without(Protection protection) {
    return new Scenario(Optional.of(protection), standby, voiding, redeliveries, faults);
  }
}
