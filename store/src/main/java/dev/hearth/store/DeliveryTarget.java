package dev.hearth.store;

import java.util.Collection;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A store as a delivery sees it. Used by one thread at a time.
 *
 * <p>A store that does not answer throws {@link StoreUnavailableException}. The round may then be
 * applied whole, in part or not at all, and nothing that was remembered of the store holds any
 * longer: every partition is to be opened again, and replayed from where that says.
 */
public interface DeliveryTarget extends AutoCloseable {

  /** Name in the configuration. */
  String name();

  /**
   * Checks what every implementation asks of the rounds of one call.
   *
   * @throws IllegalStateException see {@link #apply}
   * @throws IllegalArgumentException see {@link #apply}
   */
  static void requireApplicable(Collection<Round> rounds, Set<Integer> opened) {
    Set<Integer> seen = new HashSet<>();
    for (Round round : rounds) {
      if (!opened.contains(round.partition())) {
        throw new IllegalStateException(
            "partition " + round.partition() + " is not open; open it before a round is applied");
      }
      if (!seen.add(round.partition())) {
        throw new IllegalArgumentException(
            "two rounds are of partition " + round.partition() + "; expected at most one");
      }
    }
  }

  /**
   * Reads what the store says of a partition, and takes that as what was written last.
   *
   * @return where to go on in the log: the last offset that is surely applied, in which topic;
   *     empty where the store knows nothing, so that only what comes from now on matters
   */
  Optional<Resume> open(int partition);

  /**
   * Where a partition is to be resumed.
   *
   * @param topicId the topic that the offset counts in
   * @param offset of the last record that is surely applied
   */
  record Resume(String topicId, long offset) {}

  /**
   * Removes what the store says of a partition, so that nothing is believed until the next round
   * with a watermark begins a new incarnation. For a log that does not reach back to what the store
   * says.
   */
  void abandon(int partition);

  /**
   * Applies at most one round for each partition; the partitions share nothing.
   *
   * @throws IllegalStateException if one of the partitions was not opened, or was not opened again
   *     after {@link RoundOutcome#WENT_BACK} or {@link StoreUnavailableException}; nothing was sent
   * @throws IllegalArgumentException if two rounds are of one partition; nothing was sent
   */
  Map<Integer, RoundOutcome> apply(Collection<Round> rounds);

  /** What became of a round. */
  enum RoundOutcome {
    /** B raised, keys gone, A advanced, each acknowledged. */
    APPLIED,
    /**
     * Keys gone; there are no positions, for all of the partition's keys or (where a store keeps
     * several records of a partition and lost one) for some, before a watermark comes.
     */
    AWAITING_WATERMARK,
    /** The store is not where this writer left it: open the partition again and replay. */
    WENT_BACK
  }

  @Override
  void close();
}
