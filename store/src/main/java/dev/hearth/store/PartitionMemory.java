package dev.hearth.store;

import java.util.Optional;
import java.util.function.LongSupplier;

/**
 * What a delivery wrote last to one meta record, and so what it expects to find; pure. The moves of
 * a round are decided here, the stores only carry them out.
 *
 * @param last what was written or read last; empty before the first record
 */
public record PartitionMemory(Optional<Meta> last) {
  public static final PartitionMemory NOTHING = new PartitionMemory(Optional.empty());

  /**
   * The writes of one round: {@code raise} before the keys are deleted, {@code advance} after.
   *
   * @param expected what must stand in the store before the first of them
   */
  public record Moves(Optional<Meta> expected, Optional<Meta> raise, Optional<Meta> advance) {
    /** What stands in the store after the moves; empty where there was and is nothing. */
    public Optional<Meta> result() {
      return advance.or(() -> raise).or(() -> expected);
    }
  }

  /**
   * Decides the writes of a round.
   *
   * @param incarnations source of random numbers for a first record
   */
  public Moves moves(Round round, LongSupplier incarnations) {
    if (last.isPresent()) {
      Meta raised = last.get().raisedBy(round);
      Optional<Meta> raise = raised.equals(last.get()) ? Optional.empty() : Optional.of(raised);
      return new Moves(last, raise, Optional.of(raised.advancedBy(round)));
    }
    Optional<Meta> first =
        round.watermark().map(mark -> Meta.born(incarnations.getAsLong(), mark, round));
    return new Moves(last, Optional.empty(), first);
  }
}
