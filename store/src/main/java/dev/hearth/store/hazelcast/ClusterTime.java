package dev.hearth.store.hazelcast;

import java.time.Duration;

/**
 * Times to live as Hazelcast counts them: in whole seconds of the member's clock. Measured on
 * 5.7.0: what is put for N seconds lives between N-1 and N of them, and what is put for less than
 * one is gone at once. So one second is added.
 */
final class ClusterTime {
  private ClusterTime() {}

  /** Seconds to ask for, so that something lives at least for this long. */
  static long seconds(Duration atLeast) {
    long up = atLeast.toSeconds() + (atLeast.getNano() > 0 ? 1 : 0);
    return Math.max(up, 0) + 1;
  }
}
