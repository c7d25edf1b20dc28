package dev.hearth.store.explore;

import dev.hearth.schemas.position.Position;
import dev.hearth.store.CacheKey;
import dev.hearth.store.Cell;
import dev.hearth.store.FencedProtocol;
import dev.hearth.store.FencedProtocol.Operation;
import dev.hearth.store.FencedProtocol.Outcome;
import dev.hearth.store.FencedProtocol.State;
import dev.hearth.store.FencedProtocol.Transition;
import dev.hearth.store.Lease;
import dev.hearth.store.LeaseToken;
import dev.hearth.store.Meta;
import dev.hearth.store.PartitionMemory;
import dev.hearth.store.ReadOutcome;
import dev.hearth.store.Value;
import dev.hearth.store.explore.Delivery.Flight;
import dev.hearth.store.explore.Violation.Promise;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A database, a store with one key, its delivery and its fillers at one moment. Immutable. What the
 * store and the delivery do is the production code: {@link FencedProtocol}, {@link
 * PartitionMemory}, {@link Meta}; what is around them is written here.
 *
 * <p>Transactions are numbered from 0; each has one row, and all these rows feed the key. A value
 * is the set of transactions that its snapshot saw, a bit for each.
 *
 * @param replica what a failover would leave, once a replica has stopped
 */
record World(
    Scenario scenario,
    Source source,
    Stored stored,
    Optional<Stored> replica,
    Delivery delivery,
    List<Filler> fillers,
    Left left) {
  private static final CacheKey KEY = new CacheKey("products", "product:1");

  /**
   * The store, and what no store knows of itself.
   *
   * @param applied transactions whose invalidation this history of the store has applied
   */
  record Stored(State state, int applied) {}

  /** How often may still happen what may not happen for ever. */
  record Left(int redeliveries, int faults) {}

  /** How far a filler is. */
  enum Stage {
    BEGINS,
    LEASED,
    HOLDS,
    DONE
  }

  /** One fill. */
  record Filler(Stage stage, Optional<Lease> lease, int saw) {
    static final Filler BEGINS = new Filler(Stage.BEGINS, Optional.empty(), 0);
    static final Filler DONE = new Filler(Stage.DONE, Optional.empty(), 0);
  }

  /** What may happen next. */
  record Move(String name, World after) {}

  /** A store that was brought up to date before anything was committed. */
  static World begin(Scenario scenario) {
    World begun =
        new World(
                scenario,
                Source.begin(),
                new Stored(State.EMPTY, 0),
                Optional.empty(),
                Delivery.from(PartitionMemory.NOTHING, 0),
                Collections.nCopies(Scenario.FILLERS, Filler.BEGINS),
                new Left(scenario.redeliveries(), scenario.faults()))
            .beginRound(1);
    while (begun.delivery().flight().isPresent()) {
      begun = begun.stepRound();
    }
    return begun;
  }

  List<Move> moves() {
    List<Move> moves = new ArrayList<>();
    for (int t = 0; t < Scenario.TRANSACTIONS; t++) {
      transaction(moves, t);
    }
    if (scenario.standby() && source.canReplay()) {
      moves.add(new Move("the standby replays", with(source.replay())));
    }
    if (delivery.awaitsWatermark(source)) {
      moves.add(new Move("a watermark", with(source.publishWatermark())));
    }
    for (int f = 0; f < Scenario.FILLERS; f++) {
      fill(moves, f);
    }
    deliver(moves);
    lose(moves);
    return moves;
  }

  private void transaction(List<Move> moves, int t) {
    String name = "T" + t;
    if (!source.isDurable(t)) {
      // Transactions are alike, where none voids the cache: the first commits first.
      if (t == 0 || scenario.voiding() || source.isDurable(t - 1)) {
        moves.add(new Move(name + " is durable", with(source.commit(t))));
      }
      return;
    }
    if (!source.isVisible(t)) {
      moves.add(new Move(name + " is visible", with(source.show(t))));
    }
    if (!source.isPublished(t) && (source.isVisible(t) || !scenario.has(Protection.GATE))) {
      boolean fromGate = scenario.has(Protection.POSITION_FROM_GATE);
      moves.add(new Move(name + " is published", with(source.publish(t, fromGate))));
    }
  }

  // ---- fills

  private void fill(List<Move> moves, int f) {
    Filler filler = fillers.get(f);
    String name = "filler " + f;
    switch (filler.stage()) {
      case BEGINS -> {
        // Fillers are alike: the first begins first.
        if (f == 0 || fillers.get(f - 1).stage() != Stage.BEGINS) {
          Transition got = apply(new Operation.Get(KEY, new LeaseToken(f, f)));
          if (got.outcome() instanceof Outcome.Read read
              && read.outcome() instanceof ReadOutcome.Granted granted) {
            Filler leased = new Filler(Stage.LEASED, Optional.of(granted.lease()), 0);
            moves.add(new Move(name + " takes a lease", with(got.state()).with(f, leased)));
          }
        }
      }
      case LEASED -> {
        moves.add(new Move(name + " reads the primary", holds(f, source.visible())));
        if (scenario.standby() && mayReadStandby(filler.lease().orElseThrow())) {
          moves.add(new Move(name + " reads the standby", holds(f, source.seenByStandby())));
        }
      }
      case HOLDS -> moves.add(new Move(name + " fills", with(filled(filler)).with(f, Filler.DONE)));
      case DONE -> {}
    }
  }

  private boolean mayReadStandby(Lease lease) {
    Position needed =
        scenario.has(Protection.STANDBY_CHECK_AGAINST_B) ? lease.raised() : lease.applied();
    return !scenario.has(Protection.STANDBY_CHECK) || source.standby().atLeast(needed);
  }

  private World holds(int f, int saw) {
    return with(f, new Filler(Stage.HOLDS, fillers.get(f).lease(), saw));
  }

  private State filled(Filler filler) {
    Lease lease = filler.lease().orElseThrow();
    if (!scenario.has(Protection.STAMP_FROM_A)) {
      lease = new Lease(lease.token(), lease.raised(), lease.raised(), lease.era());
    }
    Optional<Meta> now = stored.state().meta();
    if (!scenario.has(Protection.ERA_OF_LEASE) && now.isPresent()) {
      lease = new Lease(lease.token(), lease.applied(), lease.raised(), now.get().era(KEY.cache()));
    }
    Value value = Value.of(new byte[] {(byte) filler.saw()});
    return scenario.has(Protection.LEASE)
        ? apply(new Operation.Fill(KEY, lease, value)).state()
        : new State(Map.of(KEY, new Cell.Entry(lease.era(), lease.applied(), value)), now);
  }

  // ---- the delivery

  private void deliver(List<Move> moves) {
    if (!delivery.open()) {
      moves.add(
          new Move(
              "the delivery asks the store where it stands",
              with(Delivery.opened(stored.state().meta(), source))));
      return;
    }
    if (delivery.flight().isPresent()) {
      moves.add(new Move("round: " + delivery.flight().get().steps().get(0), stepRound()));
      return;
    }
    int waiting = source.topic().size() - delivery.next();
    if (waiting > 0) {
      moves.add(new Move("a round of 1 from " + delivery.next(), beginRound(1)));
    }
    if (waiting > 1) {
      moves.add(
          new Move("a round of " + waiting + " from " + delivery.next(), beginRound(waiting)));
    }
    if (left.redeliveries() > 0) {
      for (int n = 0; n < delivery.next(); n++) {
        moves.add(
            new Move(
                "redelivered from " + n,
                with(Delivery.from(delivery.memory(), n))
                    .with(new Left(left.redeliveries() - 1, left.faults()))));
      }
    }
  }

  /** What is polled and not yet begun has done nothing: so the first write comes at once. */
  private World beginRound(int records) {
    // A second first record comes only after a fault, so there are never more than two.
    long incarnation = scenario.faults() - left.faults();
    World begun = with(delivery.begin(scenario, source, records, KEY, incarnation));
    return begun.delivery().flight().isPresent() ? begun.stepRound() : begun;
  }

  private World stepRound() {
    Flight flight = delivery.flight().orElseThrow();
    return switch (flight.steps().get(0)) {
      case RAISE -> replace(flight, flight.moves().raise().orElseThrow());
      case ADVANCE -> replace(flight, flight.moves().advance().orElseThrow());
      case DELETE -> {
        // Without the record that was raised for it, the effect is not one of this history.
        boolean counts =
            !flight.wentBack()
                && flight.standing().isPresent()
                && stored.state().meta().equals(flight.standing());
        yield with(apply(new Operation.Delete(KEY)).state())
            .applied(counts ? transactions(flight, false) : 0)
            .with(delivery.proceed(flight));
      }
    };
  }

  private World replace(Flight flight, Meta next) {
    Optional<Meta> expected =
        scenario.has(Protection.COMPARE_AND_SET) ? flight.standing() : stored.state().meta();
    Transition replaced = apply(new Operation.ReplaceMeta(expected, next));
    if (!(replaced.outcome() instanceof Outcome.Replaced)) {
      return with(delivery.proceed(flight.refused()));
    }
    int applied =
        expected.isEmpty()
            // A first record stands for everything up to it.
            ? source.transactions(0, flight.round().lastOffset())
            : flight.steps().get(0) == Delivery.Step.RAISE ? transactions(flight, true) : 0;
    return with(replaced.state()).applied(applied).with(delivery.proceed(flight.replaced(next)));
  }

  /** The transactions of a round: those that void the cache, or those that name the key. */
  private int transactions(Flight flight, boolean voiding) {
    int last = Source.bit(Scenario.TRANSACTIONS - 1);
    int voids = scenario.voiding() ? last : 0;
    int all = source.transactions(delivery.next(), flight.round().lastOffset());
    return voiding ? all & voids : all & ~voids;
  }

  // ---- what goes wrong

  private void lose(List<Move> moves) {
    replica.ifPresent(earlier -> moves.add(new Move("the store goes back", goBack(earlier))));
    if (left.faults() == 0) {
      return;
    }
    World after = with(new Left(left.redeliveries(), left.faults() - 1));
    moves.add(new Move("the replica stops", after.withReplica(Optional.of(stored))));
    if (stored.state().cells().containsKey(KEY)) {
      State evicted = apply(new Operation.Delete(KEY)).state();
      moves.add(new Move("the cell is evicted", after.with(evicted)));
    }
    if (stored.state().meta().isPresent()) {
      State lost = new State(stored.state().cells(), Optional.empty());
      moves.add(new Move("the record is lost", after.with(new Stored(lost, 0))));
    }
  }

  private World goBack(Stored earlier) {
    Stored back =
        scenario.has(Protection.A_IN_STORE)
            ? earlier
            : new Stored(
                new State(earlier.state().cells(), stored.state().meta()), earlier.applied());
    World after = with(back).withReplica(Optional.empty());
    return delivery.flight().isPresent() && scenario.has(Protection.ONE_SESSION)
        ? after.with(Delivery.CLOSED)
        : after;
  }

  // ---- the promise

  private Optional<ReadOutcome.Hit> hit() {
    return ((Outcome.Peeked) apply(new Operation.Peek(KEY)).outcome()).hit();
  }

  private static int saw(ReadOutcome.Hit hit) {
    return hit.value().bytes().orElseThrow()[0];
  }

  Optional<Promise> broken() {
    Optional<ReadOutcome.Hit> found = hit();
    if (found.isEmpty()) {
      return Optional.empty();
    }
    ReadOutcome.Hit hit = found.get();
    if ((stored.applied() & ~saw(hit)) != 0) {
      return Optional.of(Promise.NOTHING_STALE_SURVIVES);
    }
    if ((source.committedUpTo(hit.applied()) & ~saw(hit)) != 0) {
      return Optional.of(Promise.A_VOUCHES);
    }
    return (source.committedUpTo(hit.stamp()) & ~saw(hit)) != 0
        ? Optional.of(Promise.STAMP_VOUCHES)
        : Optional.empty();
  }

  /** Whether somebody can read a value that has everything. */
  boolean serves() {
    return hit().filter(hit -> saw(hit) == Source.bit(Scenario.TRANSACTIONS) - 1).isPresent();
  }

  // ---- copies

  private Transition apply(Operation operation) {
    return FencedProtocol.apply(stored.state(), operation);
  }

  private World applied(int transactions) {
    return with(new Stored(stored.state(), stored.applied() | transactions));
  }

  private World with(State state) {
    return with(new Stored(state, stored.applied()));
  }

  private World with(Source other) {
    return new World(scenario, other, stored, replica, delivery, fillers, left);
  }

  private World with(Stored other) {
    return new World(scenario, source, other, replica, delivery, fillers, left);
  }

  private World withReplica(Optional<Stored> other) {
    return new World(scenario, source, stored, other, delivery, fillers, left);
  }

  private World with(Delivery other) {
    return new World(scenario, source, stored, replica, other, fillers, left);
  }

  private World with(int f, Filler filler) {
    List<Filler> others = new ArrayList<>(fillers);
    others.set(f, filler);
    return new World(scenario, source, stored, replica, delivery, List.copyOf(others), left);
  }

  private World with(Left other) {
    return new World(scenario, source, stored, replica, delivery, fillers, other);
  }
}
