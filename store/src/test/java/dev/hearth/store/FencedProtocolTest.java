package dev.hearth.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.schemas.position.Position;
import dev.hearth.store.FencedProtocol.Operation;
import dev.hearth.store.FencedProtocol.Outcome;
import dev.hearth.store.FencedProtocol.State;
import dev.hearth.store.FencedProtocol.Transition;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class FencedProtocolTest {
  private static final CacheKey KEY = new CacheKey("products", "product:1");
  private static final LeaseToken FIRST = new LeaseToken(1, 1);
  private static final LeaseToken SECOND = new LeaseToken(2, 2);
  private static final Value OLD = Value.of("old".getBytes(StandardCharsets.UTF_8));
  private static final Value NEW = Value.of("new".getBytes(StandardCharsets.UTF_8));
  private static final Meta META =
      new Meta(7, new Position(1, 100), new Position(1, 110), Map.of("products", 3L), "topic", 5);
  private static final State STORE = new State(Map.of(), Optional.of(META));

  @Test
  void grantsALeaseWithTheStoresPositionsOnAMiss() {
    Transition read = FencedProtocol.apply(STORE, new Operation.Get(KEY, FIRST));

    assertThat(read.outcome()).isEqualTo(granted(lease(FIRST, META)));
    assertThat(lease(FIRST, META).applied()).isEqualTo(new Position(1, 100));
    assertThat(lease(FIRST, META).raised()).isEqualTo(new Position(1, 110));
    assertThat(lease(FIRST, META).era()).isEqualTo(new Era(1, 7, 3));
  }

  @Test
  void answersBusyWhileSomebodyFills() {
    State leased = after(STORE, new Operation.Get(KEY, FIRST));

    Transition read = FencedProtocol.apply(leased, new Operation.Get(KEY, SECOND));

    assertThat(read.outcome()).isEqualTo(new Outcome.Read(new ReadOutcome.Busy()));
    assertThat(read.state()).isEqualTo(leased);
  }

  @Test
  void hitsWhatWasFilledWithTheStampOfItsLease() {
    Lease lease = lease(FIRST, META);
    State filled = after(STORE, new Operation.Get(KEY, FIRST), new Operation.Fill(KEY, lease, NEW));
    Meta advanced =
        new Meta(7, new Position(1, 200), new Position(1, 210), Map.of("products", 3L), "topic", 9);

    Transition read =
        FencedProtocol.apply(
            after(filled, new Operation.ReplaceMeta(Optional.of(META), advanced)),
            new Operation.Get(KEY, SECOND));

    assertThat(read.outcome())
        .isEqualTo(
            new Outcome.Read(
                new ReadOutcome.Hit(
                    NEW, new Position(1, 100), new Position(1, 200), new Era(1, 7, 3), 9)));
  }

  @Test
  void refusesAFillWhoseLeaseAnInvalidationTook() {
    Lease lease = lease(FIRST, META);
    State invalidated = after(STORE, new Operation.Get(KEY, FIRST), new Operation.Delete(KEY));

    Transition fill = FencedProtocol.apply(invalidated, new Operation.Fill(KEY, lease, OLD));

    assertThat(fill.outcome()).isEqualTo(new Outcome.Filled(FillOutcome.LEASE_LOST));
    assertThat(fill.state()).isEqualTo(invalidated);
  }

  @Test
  void refusesTheOlderOfTwoFills() {
    State twice =
        after(
            STORE,
            new Operation.Get(KEY, FIRST),
            new Operation.Delete(KEY),
            new Operation.Get(KEY, SECOND),
            new Operation.Fill(KEY, lease(SECOND, META), NEW));

    Transition older =
        FencedProtocol.apply(twice, new Operation.Fill(KEY, lease(FIRST, META), OLD));

    assertThat(older.outcome()).isEqualTo(new Outcome.Filled(FillOutcome.LEASE_LOST));
    assertThat(older.state()).isEqualTo(twice);
  }

  @Test
  void leasesWhatIsVoidOrForeign() {
    State foreign = new State(Map.of(KEY, new Cell.Foreign()), Optional.of(META));
    Era earlier = new Era(1, 7, 2);
    State isVoid =
        new State(
            Map.of(KEY, new Cell.Entry(earlier, new Position(1, 50), OLD)), Optional.of(META));

    Transition overForeign = FencedProtocol.apply(foreign, new Operation.Get(KEY, FIRST));
    Transition overVoid = FencedProtocol.apply(isVoid, new Operation.Get(KEY, FIRST));

    assertThat(overForeign.outcome()).isEqualTo(granted(lease(FIRST, META)));
    assertThat(overVoid.outcome()).isEqualTo(granted(lease(FIRST, META)));
  }

  @Test
  void answersNothingWithoutAMetaRecord() {
    Transition read = FencedProtocol.apply(State.EMPTY, new Operation.Get(KEY, FIRST));

    assertThat(read.outcome()).isEqualTo(new Outcome.Read(new ReadOutcome.Uncertain()));
    assertThat(read.state()).isEqualTo(State.EMPTY);
  }

  @Test
  void peekSeesABelievedEntryAndChangesNothing() {
    State leased = after(STORE, new Operation.Get(KEY, FIRST));
    State filled = after(leased, new Operation.Fill(KEY, lease(FIRST, META), NEW));

    Transition ofNothing = FencedProtocol.apply(STORE, new Operation.Peek(KEY));
    Transition ofALease = FencedProtocol.apply(leased, new Operation.Peek(KEY));
    Transition ofAnEntry = FencedProtocol.apply(filled, new Operation.Peek(KEY));

    assertThat(ofNothing).isEqualTo(new Transition(STORE, new Outcome.Peeked(Optional.empty())));
    assertThat(ofALease).isEqualTo(new Transition(leased, new Outcome.Peeked(Optional.empty())));
    assertThat(ofAnEntry.outcome())
        .isEqualTo(
            new Outcome.Peeked(
                Optional.of(
                    new ReadOutcome.Hit(
                        NEW,
                        META.applied(),
                        META.applied(),
                        META.era("products"),
                        META.offset()))));
    assertThat(ofAnEntry.state()).isEqualTo(filled);
  }

  @Test
  void releasesNothingButTheLeasesOwnMarker() {
    State leased = after(STORE, new Operation.Get(KEY, FIRST));

    Transition own = FencedProtocol.apply(leased, new Operation.Release(KEY, lease(FIRST, META)));
    Transition other =
        FencedProtocol.apply(leased, new Operation.Release(KEY, lease(SECOND, META)));

    assertThat(own).isEqualTo(new Transition(STORE, new Outcome.Released()));
    assertThat(other).isEqualTo(new Transition(leased, new Outcome.Released()));
  }

  @Test
  void replacesAMetaRecordOnlyByCompareAndSet() {
    Meta next = new Meta(7, new Position(1, 200), new Position(1, 210), Map.of(), "topic", 9);

    Transition expected =
        FencedProtocol.apply(STORE, new Operation.ReplaceMeta(Optional.of(META), next));
    Transition unexpected =
        FencedProtocol.apply(STORE, new Operation.ReplaceMeta(Optional.empty(), next));

    assertThat(expected.state().meta()).contains(next);
    assertThat(unexpected.outcome()).isEqualTo(new Outcome.Mismatch(Optional.of(META)));
    assertThat(unexpected.state()).isEqualTo(STORE);
  }

  private static State after(State state, Operation... operations) {
    State now = state;
    for (Operation operation : operations) {
      now = FencedProtocol.apply(now, operation).state();
    }
    return now;
  }

  private static Lease lease(LeaseToken token, Meta meta) {
    return FencedProtocol.lease(KEY, token, meta);
  }

  private static Outcome granted(Lease lease) {
    return new Outcome.Read(new ReadOutcome.Granted(lease));
  }
}
