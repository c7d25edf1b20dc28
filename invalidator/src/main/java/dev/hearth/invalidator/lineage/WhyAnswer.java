package dev.hearth.invalidator.lineage;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Why a key is as it is.
 *
 * @param stories one for each cache that the key can belong to
 */
record WhyAnswer(String key, Instant askedAt, List<KeyStory> stories) {

  /**
   * The story of a key in one cache.
   *
   * @param template of the cache's keys
   * @param recordedSince nothing is known from before; left out where not even that is known
   * @param completeTo everything that was committed and visible by then, on the database's clock,
   *     is told; left out where that is not known
   * @param mostEvents how many are told at most; where there are as many, there may be older ones
   * @param events the oldest first
   * @param entries by store
   * @param notKnown one sentence each
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  record KeyStory(
      String cache,
      String mode,
      String template,
      List<String> stores,
      @Nullable Instant recordedSince,
      @Nullable Instant completeTo,
      int mostEvents,
      List<Happening> events,
      List<EntryNow> entries,
      List<String> notKnown) {}
}
