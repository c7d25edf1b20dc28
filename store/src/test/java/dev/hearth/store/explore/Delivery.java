package dev.hearth.store.explore;

import dev.hearth.schemas.position.Position;
import dev.hearth.schemas.position.Watermark;
import dev.hearth.store.CacheKey;
import dev.hearth.store.Meta;
import dev.hearth.store.PartitionMemory;
import dev.hearth.store.Round;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The delivery: what it knows of the store, and the round that it is about. Immutable.
 *
 * @param open whether it has asked the store where it stands
 * @param next offset to go on at
 */
record Delivery(boolean open, PartitionMemory memory, int next, Optional<Flight> flight) {
  static final Delivery CLOSED = new Delivery(false, PartitionMemory.NOTHING, 0, Optional.empty());

  private static final String TOPIC = "topic";

  /** One write of a round. */
  enum Step {
    RAISE,
    DELETE,
    ADVANCE
  }

  /**
   * A round on its way.
   *
   * @param steps still to do
   * @param standing the record as it should stand now
   */
  record Flight(
      Round round,
      PartitionMemory.Moves moves,
      List<Step> steps,
      Optional<Meta> standing,
      boolean wentBack) {

    Flight replaced(Meta next) {
      return new Flight(round, moves, steps, Optional.of(next), wentBack);
    }

    Flight refused() {
      return new Flight(round, moves, steps, standing, true);
    }
  }

  /** A delivery that has asked the store, and goes on where that says, or at the topic's end. */
  static Delivery opened(Optional<Meta> found, Source source) {
    int next = found.map(meta -> (int) meta.offset() + 1).orElse(source.topic().size());
    return from(new PartitionMemory(found), next);
  }

  static Delivery from(PartitionMemory memory, int next) {
    return new Delivery(true, memory, next, Optional.empty());
  }

  /** Watermarks come again and again; it matters only where a record is to be made anew. */
  boolean awaitsWatermark(Source source) {
    return open && memory.last().isEmpty() && next == source.topic().size() && flight.isEmpty();
  }

  /**
   * Folds the next records into a round; nothing of it is done.
   *
   * @param incarnation one that no record has had yet
   */
  Delivery begin(Scenario scenario, Source source, int records, CacheKey key, long incarnation) {
    Position ceiling = Position.NONE;
    Optional<Watermark> mark = Optional.empty();
    boolean names = false;
    boolean raises = false;
    for (int offset = next; offset < next + records; offset++) {
      Source.LogRecord record = source.topic().get(offset);
      if (record.transaction().isPresent()) {
        ceiling = Position.max(ceiling, record.position());
        names |= !scenario.voids(record.transaction().get());
        raises |= scenario.voids(record.transaction().get());
      } else {
        mark = Optional.of(new Watermark(record.position(), source.gateLsn(offset), Instant.EPOCH));
      }
    }
    boolean skipped =
        !scenario.has(Protection.ALWAYS_DELETE)
            && memory.last().isPresent()
            && memory.last().get().raised().atLeast(ceiling);
    Round round =
        new Round(
            0,
            ceiling,
            names && !skipped ? Set.of(key) : Set.of(),
            raises ? Map.of(key.cache(), 1L) : Map.of(),
            mark,
            TOPIC,
            next + records - 1);
    PartitionMemory.Moves moves =
        memory.moves(round, () -> scenario.has(Protection.FRESH_INCARNATION) ? incarnation : 0);
    Flight begun = new Flight(round, moves, steps(scenario, round, moves), moves.expected(), false);
    return begun.steps().isEmpty() ? ended(begun) : with(begun);
  }

  private static List<Step> steps(Scenario scenario, Round round, PartitionMemory.Moves moves) {
    List<Step> steps = new ArrayList<>();
    moves.raise().ifPresent(raise -> steps.add(Step.RAISE));
    int effect = scenario.has(Protection.B_BEFORE_EFFECT) ? steps.size() : 0;
    if (!round.keys().isEmpty()) {
      steps.add(effect, Step.DELETE);
    }
    int after = scenario.has(Protection.A_AFTER_EFFECT) ? steps.size() : effect;
    moves.advance().ifPresent(advance -> steps.add(after, Step.ADVANCE));
    return List.copyOf(steps);
  }

  /** The first of a flight's steps is done. */
  Delivery proceed(Flight done) {
    List<Step> rest = List.copyOf(done.steps().subList(1, done.steps().size()));
    return rest.isEmpty()
        ? ended(done)
        : with(new Flight(done.round(), done.moves(), rest, done.standing(), done.wentBack()));
  }

  private static Delivery ended(Flight flight) {
    return flight.wentBack()
        ? CLOSED
        : from(new PartitionMemory(flight.moves().result()), (int) flight.round().lastOffset() + 1);
  }

  private Delivery with(Flight other) {
    return new Delivery(open, memory, next, Optional.of(other));
  }
}
