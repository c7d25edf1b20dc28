package dev.hearth.store;

import dev.hearth.schemas.position.Position;
import dev.hearth.schemas.position.Watermark;
import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;

/**
 * How far one partition of the invalidations is applied in a store, kept in the store itself so
 * that it is lost exactly when what it vouches for is lost. Immutable.
 *
 * <p>Written only by the delivery that owns the partition, and only by compare-and-set from what it
 * wrote last: a mismatch means that the store went back.
 *
 * @param incarnation drawn at random when the record is created
 * @param applied A: everything up to here is applied; rounded down, advanced after the effect
 * @param raised B: the highest position raised here; rounded up, raised before the effect
 * @param generations of the caches; one that is absent is 0
 * @param topicId id of the invalidations topic that {@code offset} counts in
 * @param offset of the last record that A stands for, or lower: behind which to go on
 */
public record Meta(
    long incarnation,
    Position applied,
    Position raised,
    Map<String, Long> generations,
    String topicId,
    long offset) {

  public Meta {
    generations = Collections.unmodifiableMap(new TreeMap<>(generations));
    if (applied.epoch() != raised.epoch()) {
      throw new IllegalArgumentException(
          "A is " + applied + " and B is " + raised + "; both belong to one epoch");
    }
  }

  public long epoch() {
    return raised.epoch();
  }

  /** What an entry of a cache must carry to be believed. */
  public Era era(String cache) {
    return new Era(epoch(), incarnation, generations.getOrDefault(cache, 0L));
  }

  /** The record to write before the effects of a round; this one where nothing is raised. */
  public Meta raisedBy(Round round) {
    Position nextRaised = Position.max(raised, round.ceiling());
    if (round.watermark().isPresent()
        && round.watermark().get().position().epoch() > nextRaised.epoch()) {
      nextRaised = round.watermark().get().ceiling();
    }
    Map<String, Long> next = new TreeMap<>(generations);
    round.generations().forEach((cache, generation) -> next.merge(cache, generation, Math::max));
    return new Meta(
        incarnation, inEpoch(applied, nextRaised.epoch()), nextRaised, next, topicId, offset);
  }

  /** The record to write after the effects of a round, on top of {@link #raisedBy}. */
  public Meta advancedBy(Round round) {
    Position mark = round.watermark().map(Watermark::position).orElse(applied);
    // A watermark of an earlier epoch vouches for nothing in this one.
    Position nextApplied = Position.max(applied, inEpoch(mark, epoch()));
    long nextOffset =
        topicId.equals(round.topicId())
            ? Math.max(offset, round.resumeOffset())
            : round.resumeOffset();
    return new Meta(incarnation, nextApplied, raised, generations, round.topicId(), nextOffset);
  }

  /**
   * The first record of a store that has none. Nothing stored under another incarnation is
   * believed, so that everything up to the watermark counts as applied.
   */
  public static Meta born(long incarnation, Watermark watermark, Round round) {
    Position raised = Position.max(watermark.ceiling(), round.ceiling());
    return new Meta(
        incarnation,
        inEpoch(watermark.position(), raised.epoch()),
        raised,
        round.generations(),
        round.topicId(),
        round.resumeOffset());
  }

  private static Position inEpoch(Position position, long epoch) {
    return position.epoch() == epoch ? position : new Position(epoch, 0);
  }
}
