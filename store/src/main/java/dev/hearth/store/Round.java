package dev.hearth.store;

import dev.hearth.schemas.position.Position;
import dev.hearth.schemas.position.Watermark;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What one delivery does to one store for one partition in one go: records that followed one
 * another in the log, folded together. Immutable.
 *
 * @param ceiling at or above the position of every record of the round; {@link Position#NONE} where
 *     it holds only watermarks
 * @param keys to take out
 * @param generations of caches that were raised, highest each
 * @param watermark the last one, if there is one; everything before it is in this round or earlier
 * @param topicId that the offsets count in; empty where no offset would do, so that a delivery
 *     which finds this has to void the partition
 * @param lastOffset of the last record of the round
 * @param resumeOffset behind which to go on after a stop: {@code lastOffset}, or lower where
 *     something that earlier records asked for is still to be done
 */
public record Round(
    int partition,
    Position ceiling,
    Set<CacheKey> keys,
    Map<String, Long> generations,
    Optional<Watermark> watermark,
    String topicId,
    long lastOffset,
    long resumeOffset) {

  /** A round that leaves nothing to be done. */
  public Round(
      int partition,
      Position ceiling,
      Set<CacheKey> keys,
      Map<String, Long> generations,
      Optional<Watermark> watermark,
      String topicId,
      long lastOffset) {
    this(partition, ceiling, keys, generations, watermark, topicId, lastOffset, lastOffset);
  }

  public Round {
    keys = Collections.unmodifiableSet(new LinkedHashSet<>(keys));
    generations = Map.copyOf(generations);
  }
}
