package dev.hearth.store;

import dev.hearth.schemas.position.Position;
import dev.hearth.schemas.position.Watermark;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.LongSupplier;

/**
 * What a delivery remembers of one partition of the invalidations where the store keeps several
 * records of it: what it wrote last to the record of each <em>home</em>, which is whatever the
 * store moves and loses as one, such as a Hazelcast partition or a slot of a Redis Cluster. Decides
 * what a round writes where; talks to nobody. For one thread.
 *
 * <p>A round writes only to the records whose entries it touches, and to all where it raises an
 * epoch or a generation. The others are advanced in turn, some with every round. A record that lags
 * is sound: its A may rise to the watermark of a round when everything before that mark which
 * touches its home is applied, and everything is, whatever it touches, once the whole round is.
 * Until then A and the offset are lower than they could be. So the partition resumes at the lowest
 * offset of its records: something may be applied again, nothing is left out.
 *
 * <p>A record that is missing (its home was lost) is born anew with the next round that brings a
 * watermark of its own: an older one would not be above what was applied since, and B would begin
 * too low. The other records stay.
 */
public final class PartitionRecords {
  private final List<PartitionMemory> memories;
  private Optional<Watermark> latest = Optional.empty();
  private int next;

  /**
   * @param found by home
   */
  public PartitionRecords(List<Optional<Meta>> found) {
    this.memories = new ArrayList<>(found.stream().map(PartitionMemory::new).toList());
  }

  /** How many homes there are. */
  public int size() {
    return memories.size();
  }

  /** A record counts in another topic than the rest, so that there is no lowest offset. */
  public boolean disagree() {
    return memories.stream()
            .flatMap(memory -> memory.last().stream())
            .map(Meta::topicId)
            .distinct()
            .count()
        > 1;
  }

  /** The record that is furthest behind; empty where there is none at all. */
  public Optional<Meta> lowest() {
    return memories.stream()
        .flatMap(memory -> memory.last().stream())
        .min(Comparator.comparingLong(Meta::offset));
  }

  /** Every home has a record. */
  public boolean complete() {
    return memories.stream().allMatch(memory -> memory.last().isPresent());
  }

  /**
   * The writes of a round.
   *
   * @param touched homes of the keys of the round
   * @param turns how many of the records that it does not touch are to be advanced
   * @return by home; one that is absent is not written to
   */
  public Map<Integer, PartitionMemory.Moves> moves(
      Round round, Set<Integer> touched, int turns, LongSupplier incarnations) {
    latest = round.watermark().or(() -> latest);
    Round effects = with(round, round.ceiling(), round.generations());
    Round advance = with(round, Position.NONE, Map.of());
    Map<Integer, PartitionMemory.Moves> moves = new TreeMap<>();
    for (int home = 0; home < memories.size(); home++) {
      PartitionMemory memory = memories.get(home);
      if (memory.last().isEmpty()) {
        if (round.watermark().isPresent()) {
          moves.put(home, memory.moves(round, incarnations));
        }
      } else if (touched.contains(home) || voids(effects, memory.last().get())) {
        moves.put(home, memory.moves(effects, incarnations));
      }
    }
    for (int turn = 0; turn < Math.min(turns, memories.size()); turn++) {
      PartitionMemory memory = memories.get(next);
      if (memory.last().isPresent() && !moves.containsKey(next)) {
        PartitionMemory.Moves lazy = memory.moves(advance, incarnations);
        if (!lazy.result().equals(memory.last())) {
          moves.put(next, lazy);
        }
      }
      next = (next + 1) % memories.size();
    }
    return moves;
  }

  /** Remembers that moves stand in the store. */
  public void settle(Map<Integer, PartitionMemory.Moves> moves) {
    moves.forEach((home, done) -> memories.set(home, new PartitionMemory(done.result())));
  }

  private Round with(Round round, Position ceiling, Map<String, Long> generations) {
    return new Round(
        round.partition(),
        ceiling,
        Set.of(),
        generations,
        latest,
        round.topicId(),
        round.lastOffset(),
        round.resumeOffset());
  }

  /** An epoch or a generation is an effect on every entry. */
  private static boolean voids(Round round, Meta last) {
    return round.ceiling().epoch() > last.epoch()
        || round.watermark().map(mark -> mark.position().epoch() > last.epoch()).orElse(false)
        || round.generations().entrySet().stream()
            .anyMatch(
                raised -> raised.getValue() > last.generations().getOrDefault(raised.getKey(), 0L))
        || !round.topicId().equals(last.topicId());
  }
}
