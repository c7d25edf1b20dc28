package dev.hearth.invalidator.lineage;

import java.time.Duration;

/**
 * How much is kept.
 *
 * @param diskBytes of all files together
 * @param eventsOfAKey that are told at most
 * @param horizon nothing older is told
 */
record LineageLimits(long diskBytes, int eventsOfAKey, Duration horizon) {
  private static final int EVENTS_OF_A_KEY = 20;
  private static final Duration HORIZON = Duration.ofDays(1);
  private static final long LARGEST_PAGE_BYTES = 8 << 20;
  private static final int PAGES_ON_DISK = 64;

  static LineageLimits ofDisk(long diskBytes) {
    return new LineageLimits(diskBytes, EVENTS_OF_A_KEY, HORIZON);
  }

  /** How full a page becomes before it is written; it takes some three times as much heap. */
  long pageBytes() {
    return Math.min(LARGEST_PAGE_BYTES, diskBytes / PAGES_ON_DISK);
  }
}
