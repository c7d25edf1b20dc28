package dev.hearth.store;

import dev.hearth.schemas.position.Position;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The protocol as a pure function: what a store does with an operation, for the keys that share one
 * meta record. The implementations for Redis and for Hazelcast are compared with it, operation by
 * operation.
 *
 * <p>The rule that everything rests on: <em>the lease is a value of the key itself</em>. A miss
 * puts a marker with a random token under the key; a fill replaces just that marker by the entry;
 * an invalidation deletes the key, whatever is in it. So a fill whose lease was granted before an
 * invalidation can never be stored after it, and losing a marker in any other way only refuses a
 * fill.
 *
 * <p>Around it stand positions, in an order that every prefix of the store's history keeps sound: B
 * is raised <em>before</em> the effects of a round, A is advanced <em>after</em> them; a reader
 * takes its lease <em>before</em> it reads B, and reads A <em>before or with</em> the value. See
 * docs/coherence.md for the proof and docs/spec for the model.
 *
 * <p>An entry may depend on <em>tags</em>. A tag is an entry too: a random token under a key of its
 * own, created by lease and fill, deleted by invalidations. An entry carries the tokens that its
 * filler read before it loaded, and counts only while every tag has the same one. See docs/tags.md.
 */
public final class FencedProtocol {
  /** Most tags of one entry. */
  public static final int MOST_TAGS = 64;

  private FencedProtocol() {}

  /**
   * A store, as far as one meta record reaches. Immutable.
   *
   * @param cells by key; a key that is absent has no cell
   */
  public record State(Map<CacheKey, Cell> cells, Optional<Meta> meta) {
    public static final State EMPTY = new State(Map.of(), Optional.empty());

    public State {
      cells = Map.copyOf(cells);
    }

    /** A tag, as somebody reads it who reads its cell and the record at one moment. */
    public TagRead tag(CacheKey tag) {
      return new TagRead(tag, Optional.ofNullable(cells.get(tag)), meta);
    }

    State with(CacheKey key, @Nullable Cell cell) {
      Map<CacheKey, Cell> next = new HashMap<>(cells);
      if (cell == null) {
        next.remove(key);
      } else {
        next.put(key, cell);
      }
      return new State(next, meta);
    }
  }

  /** What can be asked of a store. Each is atomic for its key. */
  public sealed interface Operation {
    /**
     * A read that takes a lease with this token when it misses.
     *
     * @param tags as they were read since the read began, wherever they stand
     */
    record Get(CacheKey key, LeaseToken token, List<TagRead> tags) implements Operation {
      /** A read of an entry without tags. */
      public Get(CacheKey key, LeaseToken token) {
        this(key, token, List.of());
      }
    }

    /** A read that changes nothing. */
    record Peek(CacheKey key) implements Operation {}

    record Fill(CacheKey key, Lease lease, Value value) implements Operation {}

    /** Gives a lease back unused. */
    record Release(CacheKey key, Lease lease) implements Operation {}

    record Delete(CacheKey key) implements Operation {}

    /** Compare-and-set of the meta record; an empty expectation means that there is none. */
    record ReplaceMeta(Optional<Meta> expected, Meta next) implements Operation {}
  }

  /** What comes of an operation. */
  public sealed interface Outcome {
    record Read(ReadOutcome outcome) implements Outcome {}

    /**
     * @param hit empty for anything but an entry that is believed
     */
    record Peeked(Optional<ReadOutcome.Hit> hit) implements Outcome {}

    record Filled(FillOutcome outcome) implements Outcome {}

    /** The lease's marker is gone, now or before. */
    record Released() implements Outcome {}

    record Deleted() implements Outcome {}

    record Replaced() implements Outcome {}

    /** The store went back, or somebody else writes: this is what it holds. */
    record Mismatch(Optional<Meta> found) implements Outcome {}
  }

  /** A store after an operation, and what the operation returned. */
  public record Transition(State state, Outcome outcome) {}

  public static Transition apply(State state, Operation operation) {
    if (operation instanceof Operation.Get get) {
      return get(state, get);
    }
    if (operation instanceof Operation.Peek peek) {
      return new Transition(state, new Outcome.Peeked(decide(state, peek.key(), List.of()).hit()));
    }
    if (operation instanceof Operation.Fill fill) {
      return fill(state, fill);
    }
    if (operation instanceof Operation.Release release) {
      return release(state, release);
    }
    if (operation instanceof Operation.Delete delete) {
      return new Transition(state.with(delete.key(), null), new Outcome.Deleted());
    }
    Operation.ReplaceMeta replace = (Operation.ReplaceMeta) operation;
    return state.meta().equals(replace.expected())
        ? new Transition(
            new State(state.cells(), Optional.of(replace.next())), new Outcome.Replaced())
        : new Transition(state, new Outcome.Mismatch(state.meta()));
  }

  private static Transition get(State state, Operation.Get get) {
    Decision decision = decide(state, get.key(), get.tags());
    if (decision instanceof Decision.Answer answer) {
      return new Transition(state, new Outcome.Read(answer.outcome()));
    }
    Meta meta = state.meta().orElseThrow();
    return new Transition(
        state.with(get.key(), new Cell.Marker(get.token())),
        new Outcome.Read(granted(get.key(), get.token(), meta, get.tags())));
  }

  private static Decision decide(State state, CacheKey key, List<TagRead> tags) {
    return decide(key.cache(), Optional.ofNullable(state.cells().get(key)), state.meta(), tags);
  }

  private static Transition release(State state, Operation.Release release) {
    boolean held =
        new Cell.Marker(release.lease().token()).equals(state.cells().get(release.key()));
    return new Transition(held ? state.with(release.key(), null) : state, new Outcome.Released());
  }

  private static Transition fill(State state, Operation.Fill fill) {
    Cell cell = state.cells().get(fill.key());
    if (!new Cell.Marker(fill.lease().token()).equals(cell)) {
      return new Transition(state, new Outcome.Filled(FillOutcome.LEASE_LOST));
    }
    Lease lease = fill.lease();
    Cell.Entry entry = new Cell.Entry(lease.era(), lease.applied(), lease.tags(), fill.value());
    return new Transition(state.with(fill.key(), entry), new Outcome.Filled(FillOutcome.STORED));
  }

  /** What a cell and the meta record, read together, mean for a reader. */
  public sealed interface Decision {
    record Answer(ReadOutcome outcome) implements Decision {
      @Override
      public Optional<ReadOutcome.Hit> hit() {
        return outcome instanceof ReadOutcome.Hit hit ? Optional.of(hit) : Optional.empty();
      }
    }

    /** The reader should put its marker in place of what it saw: nothing, or a void entry. */
    record Acquire() implements Decision {
      @Override
      public Optional<ReadOutcome.Hit> hit() {
        return Optional.empty();
      }
    }

    /** The entry, where it is believed. */
    Optional<ReadOutcome.Hit> hit();
  }

  /** Decides a read of an entry without tags. */
  public static Decision decide(String cache, Optional<Cell> cell, Optional<Meta> meta) {
    return decide(cache, cell, meta, List.of());
  }

  /**
   * Decides a read; used by the implementations too.
   *
   * @param tags as they were read since the read began, before the cell or after it
   */
  public static Decision decide(
      String cache, Optional<Cell> cell, Optional<Meta> meta, List<TagRead> tags) {
    if (meta.isEmpty() || !areOfOneEpoch(meta.get(), tags)) {
      return new Decision.Answer(new ReadOutcome.Uncertain());
    }
    if (cell.isPresent() && cell.get() instanceof Cell.Marker) {
      return new Decision.Answer(new ReadOutcome.Busy());
    }
    List<CacheKey> missing =
        tags.stream().filter(tag -> tag.token().isEmpty()).map(TagRead::tag).toList();
    if (!missing.isEmpty()) {
      return new Decision.Answer(new ReadOutcome.TagsMissing(missing));
    }
    if (cell.isPresent()
        && cell.get() instanceof Cell.Entry entry
        && entry.era().equals(meta.get().era(cache))
        && entry.tags().equals(tokens(tags))) {
      return new Decision.Answer(
          new ReadOutcome.Hit(
              entry.value(),
              entry.stamp(),
              meta.get().applied(),
              entry.era(),
              meta.get().offset(),
              tags.stream().map(FencedProtocol::applied).toList()));
    }
    return new Decision.Acquire();
  }

  /**
   * Positions of two epochs are compared with nothing. Where a partition is in one already and
   * another not yet, or has no record, everything is about to be void.
   */
  private static boolean areOfOneEpoch(Meta meta, List<TagRead> tags) {
    return tags.stream()
        .allMatch(tag -> tag.meta().isPresent() && tag.meta().get().epoch() == meta.epoch());
  }

  private static List<TagToken> tokens(List<TagRead> tags) {
    return tags.stream().map(tag -> tag.token().orElseThrow()).toList();
  }

  private static ReadOutcome.TagApplied applied(TagRead tag) {
    Meta meta = tag.meta().orElseThrow();
    return new ReadOutcome.TagApplied(tag.tag(), meta.applied(), meta.offset());
  }

  /**
   * The lease that a marker stands for, with the positions of a meta record read after it was put.
   */
  public static Lease lease(CacheKey key, LeaseToken token, Meta meta) {
    return new Lease(token, meta.applied(), meta.raised(), meta.era(key.cache()));
  }

  /**
   * What comes of a marker that was put.
   *
   * @param meta read after it was put
   * @param tags that were read before it was put, each with a token; or after it, before the lease
   *     is given to anybody
   */
  public static ReadOutcome granted(CacheKey key, LeaseToken token, Meta meta, List<TagRead> tags) {
    if (!areOfOneEpoch(meta, tags)) {
      // The marker stays behind, and ends with its lease.
      return new ReadOutcome.Uncertain();
    }
    Position applied = meta.applied();
    Position raised = meta.raised();
    for (TagRead tag : tags) {
      Meta of = tag.meta().orElseThrow();
      // What the tag's partition has not applied may be missing from a load on a standby.
      applied = of.applied().atLeast(applied) ? applied : of.applied();
      raised = Position.max(raised, of.raised());
    }
    return new ReadOutcome.Granted(
        new Lease(token, applied, raised, meta.era(key.cache()), tokens(tags)));
  }
}
