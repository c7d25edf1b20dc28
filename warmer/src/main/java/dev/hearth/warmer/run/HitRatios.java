package dev.hearth.warmer.run;

import java.time.Instant;

/** The hit ratio of caches lately. Thread-safe; from memory. */
@FunctionalInterface
public interface HitRatios {

  /** Of the reads of the latest seconds, none of them from before an instant. */
  HitRatio of(String cache, Instant since);
}
