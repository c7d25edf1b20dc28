package dev.hearth.client.feed;

import dev.hearth.schemas.position.Position;
import dev.hearth.schemas.position.Watermark;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentSkipListMap;

/**
 * The watermarks of one partition by their offsets, thinned out and for a limited time: from how
 * far a store has applied the partition they tell the gate time behind it. What was left out is
 * rounded down to an older mark of the same epoch. One thread adds; any may read.
 */
final class Marks {
  private static final Duration STEP = Duration.ofMillis(100);
  private static final Duration KEPT = Duration.ofMinutes(10);

  private final ConcurrentSkipListMap<Long, Watermark> byOffset = new ConcurrentSkipListMap<>();

  void add(long offset, Watermark mark) {
    Map.Entry<Long, Watermark> last = byOffset.lastEntry();
    if (last != null) {
      Map.Entry<Long, Watermark> before = byOffset.lowerEntry(last.getKey());
      if (before != null
          && isWithin(STEP, before.getValue(), mark)
          && before.getValue().position().epoch() == last.getValue().position().epoch()) {
        byOffset.remove(last.getKey());
      }
    }
    byOffset.put(offset, mark);
    Map.Entry<Long, Watermark> first = byOffset.firstEntry();
    while (first != null && !isWithin(KEPT, first.getValue(), mark)) {
      byOffset.remove(first.getKey());
      first = byOffset.firstEntry();
    }
  }

  private static boolean isWithin(Duration limit, Watermark earlier, Watermark later) {
    return Duration.between(earlier.gateTime(), later.gateTime()).compareTo(limit) < 0;
  }

  /** The newest mark. */
  Optional<Watermark> latest() {
    return Optional.ofNullable(byOffset.lastEntry()).map(Map.Entry::getValue);
  }

  /**
   * The newest mark that a store has surely applied.
   *
   * @param applied A of the store
   * @param offset that A stands for
   */
  Optional<Watermark> appliedAt(Position applied, long offset) {
    return Optional.ofNullable(byOffset.floorEntry(offset))
        .map(Map.Entry::getValue)
        // Otherwise the offset is one of another topic's.
        .filter(mark -> mark.position().epoch() == applied.epoch())
        .filter(mark -> applied.atLeast(mark.position()));
  }

  void clear() {
    byOffset.clear();
  }
}
