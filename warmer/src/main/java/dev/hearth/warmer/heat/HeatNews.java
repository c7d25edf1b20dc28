package dev.hearth.warmer.heat;

import dev.hearth.schemas.access.AccessReport;
import java.time.Instant;
import java.util.Map;

/** What is new about the keys of one cache. */
sealed interface HeatNews {

  /** What a report says of the cache; its counts are all plausible. */
  record Reads(AccessReport report) implements HeatNews {}

  /**
   * How often keys of the cache were written, by key.
   *
   * @param until commit of the latest of these writes
   */
  record Writes(Map<String, Long> byKey, Instant until) implements HeatNews {
    public Writes {
      byKey = Map.copyOf(byKey);
    }
  }
}
