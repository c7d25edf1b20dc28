package dev.hearth.warmer.heat;

import dev.hearth.schemas.access.AccessReport;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** What of a report can be believed. Pure; immutable. */
final class CountCheck {
  /**
   * Above it a count is a defect or an attack: a thousand million reads a second for a quarter
   * hour.
   */
  static final long MOST_READS = 1_000_000_000_000L;

  /** Longer keys would let a client fill the records of the state store. */
  static final int LONGEST_KEY = 1_024;

  /** A load that takes longer has failed in every loader that has a time limit. */
  static final Duration LONGEST_LOAD = Duration.ofHours(1);

  /** What Redis and Hazelcast can hold under one key is below 2 GiB. */
  static final long LARGEST_VALUE = Integer.MAX_VALUE;

  /** Clocks that follow NTP differ by less. */
  static final Duration CLOCK_TOLERANCE = Duration.ofMinutes(1);

  /** After it a read weighs less than a millionth, which the sketch rounds to nothing. */
  static final int OLDEST_HALF_LIVES = 20;

  private final Map<String, CacheKeys> caches;
  private final HeatSettings settings;

  /** What was wrong with a report, or with a count in it. */
  enum Flaw {
    UNREADABLE,
    IMPLAUSIBLE,
    UNKNOWN_CACHE,
    LONG_KEY,
    FOREIGN_KEY,
    OLD,
    /** The one that is counted all the same: as of now. */
    FUTURE;

    String label() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  CountCheck(Map<String, CacheKeys> caches, HeatSettings settings) {
    this.caches = Map.copyOf(caches);
    this.settings = settings;
  }

  /** Whether a report speaks of a time that is yet to come. */
  boolean isOfTheFuture(Instant to, Instant now) {
    return to.isAfter(now.plus(CLOCK_TOLERANCE));
  }

  /** Why a count is left out; empty where it counts. */
  Optional<Flaw> flaw(AccessReport.KeyCount count, Instant to, Instant now) {
    CacheKeys keys = caches.get(count.cache());
    if (keys == null) {
      return Optional.of(Flaw.UNKNOWN_CACHE);
    }
    if (!isPlausible(count)) {
      return Optional.of(Flaw.IMPLAUSIBLE);
    }
    if (count.key().length() > LONGEST_KEY) {
      return Optional.of(Flaw.LONG_KEY);
    }
    if (!keys.contain(count.key())) {
      return Optional.of(Flaw.FOREIGN_KEY);
    }
    return to.isBefore(
            now.minus(settings.halfLifeOf(count.cache()).multipliedBy(OLDEST_HALF_LIVES)))
        ? Optional.of(Flaw.OLD)
        : Optional.empty();
  }

  private static boolean isPlausible(AccessReport.KeyCount count) {
    long reads = count.reads();
    return reads >= 0
        && reads <= MOST_READS
        && count.misses() >= 0
        && count.misses() <= reads
        && count.loads() >= 0
        && count.loads() <= reads
        && count.bytes() >= 0
        && count.bytes() <= LARGEST_VALUE
        && !count.loadTime().isNegative()
        && count.loadTime().getSeconds()
            <= Math.max(count.loads(), count.misses()) * (double) LONGEST_LOAD.toSeconds();
  }
}
