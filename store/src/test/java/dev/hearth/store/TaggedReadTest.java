package dev.hearth.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.hearth.schemas.position.Position;
import dev.hearth.store.FencedProtocol.Operation;
import dev.hearth.store.FencedProtocol.Outcome;
import dev.hearth.store.FencedProtocol.State;
import dev.hearth.store.FencedProtocol.Transition;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Entries that depend on tags, in the pure protocol; key and tags stand under several records. */
class TaggedReadTest {
  private static final CacheKey KEY = new CacheKey("pages", "page:1");
  private static final CacheKey TAG = new CacheKey("categories", "category:1");
  private static final CacheKey OTHER_TAG = new CacheKey("categories", "category:2");
  private static final LeaseToken LEASE_TOKEN = new LeaseToken(1, 1);
  private static final TagToken TOKEN = new TagToken(10, 10);
  private static final TagToken OTHER_TOKEN = new TagToken(20, 20);
  private static final Value VALUE = Value.of("page".getBytes(StandardCharsets.UTF_8));
  private static final Meta META = meta(1, 100, 110);
  private static final State STORE = new State(Map.of(), Optional.of(META));

  @Test
  void hitsWhileEveryTagHasTheTokenThatTheEntryWasFilledUnder() {
    State filled = filledUnder(List.of(TOKEN, OTHER_TOKEN));

    ReadOutcome read = read(filled, tag(TAG, TOKEN), tag(OTHER_TAG, OTHER_TOKEN));

    assertThat(read)
        .isInstanceOfSatisfying(
            ReadOutcome.Hit.class, hit -> assertThat(hit.value()).isEqualTo(VALUE));
  }

  @Test
  void leasesWhatWasFilledUnderAnotherTokenOrOtherTags() {
    State filled = filledUnder(List.of(TOKEN));
    TagToken again = new TagToken(11, 11);

    assertThat(read(filled, tag(TAG, again))).isInstanceOf(ReadOutcome.Granted.class);
    assertThat(read(filled, tag(TAG, TOKEN), tag(OTHER_TAG, OTHER_TOKEN)))
        .isInstanceOf(ReadOutcome.Granted.class);
    assertThat(read(filled)).isInstanceOf(ReadOutcome.Granted.class);
    assertThat(read(filledUnder(List.of()), tag(TAG, TOKEN)))
        .isInstanceOf(ReadOutcome.Granted.class);
  }

  @Test
  void peekTakesAnEntryWithTagsForNone() {
    Transition peek = FencedProtocol.apply(filledUnder(List.of(TOKEN)), new Operation.Peek(KEY));

    assertThat(peek.outcome()).isEqualTo(new Outcome.Peeked(Optional.empty()));
  }

  @Test
  void namesTagsWithoutATokenAndTakesNoLease() {
    State filled = filledUnder(List.of(TOKEN));
    Meta raised = meta(1, 100, 110, Map.of("categories", 4L));
    List<TagRead> withoutToken =
        List.of(
            new TagRead(TAG, Optional.empty(), Optional.of(META)),
            new TagRead(TAG, Optional.of(new Cell.Marker(LEASE_TOKEN)), Optional.of(META)),
            new TagRead(TAG, Optional.of(new Cell.Foreign()), Optional.of(META)),
            new TagRead(TAG, Optional.of(entry(META, VALUE)), Optional.of(META)),
            new TagRead(TAG, Optional.of(entry(META, Value.absent())), Optional.of(META)),
            new TagRead(TAG, Optional.of(entry(META, TOKEN.value())), Optional.of(raised)),
            new TagRead(
                TAG,
                Optional.of(
                    new Cell.Entry(
                        META.era(TAG.cache()),
                        META.applied(),
                        List.of(OTHER_TOKEN),
                        TOKEN.value())),
                Optional.of(META)));

    for (TagRead tag : withoutToken) {
      Transition read =
          FencedProtocol.apply(
              filled,
              new Operation.Get(KEY, LEASE_TOKEN, List.of(tag(OTHER_TAG, OTHER_TOKEN), tag)));

      assertThat(read)
          .isEqualTo(
              new Transition(filled, new Outcome.Read(new ReadOutcome.TagsMissing(List.of(TAG)))));
    }
  }

  @Test
  void isUncertainWhereATagsRecordIsMissingOrOfAnotherEpoch() {
    State filled = filledUnder(List.of(TOKEN));
    Optional<Cell> cell = Optional.of(entry(META, TOKEN.value()));

    assertThat(read(filled, new TagRead(TAG, cell, Optional.empty())))
        .isEqualTo(new ReadOutcome.Uncertain());
    assertThat(read(filled, new TagRead(TAG, cell, Optional.of(meta(2, 5, 5)))))
        .isEqualTo(new ReadOutcome.Uncertain());
  }

  @Test
  void aLeaseHasTheLowestAAndTheHighestBOfAllPartitions() {
    TagRead behind = tag(TAG, TOKEN, meta(1, 90, 105));
    TagRead ahead = tag(OTHER_TAG, OTHER_TOKEN, meta(1, 200, 230));

    ReadOutcome read = read(STORE, behind, ahead);

    Lease lease = ((ReadOutcome.Granted) read).lease();
    assertThat(lease.applied()).isEqualTo(new Position(1, 90));
    assertThat(lease.raised()).isEqualTo(new Position(1, 230));
    assertThat(lease.tags()).containsExactly(TOKEN, OTHER_TOKEN);
    assertThat(lease.era()).isEqualTo(META.era(KEY.cache()));
  }

  @Test
  void grantsNothingWhereTheEpochChangedWhileTheMarkerWasPut() {
    ReadOutcome granted =
        FencedProtocol.granted(KEY, LEASE_TOKEN, meta(2, 0, 10), List.of(tag(TAG, TOKEN)));

    assertThat(granted).isEqualTo(new ReadOutcome.Uncertain());
  }

  @Test
  void aHitTellsHowFarEachTagsPartitionIsApplied() {
    TagRead behind = tag(TAG, TOKEN, meta(1, 90, 105));

    ReadOutcome.Hit hit = (ReadOutcome.Hit) read(filledUnder(List.of(TOKEN)), behind);

    assertThat(hit.applied()).isEqualTo(new Position(1, 100));
    assertThat(hit.tags()).containsExactly(new ReadOutcome.TagApplied(TAG, new Position(1, 90), 5));
  }

  @Test
  void refusesMoreTagsThanAnEntryCanHold() {
    List<TagToken> many = Collections.nCopies(65, TOKEN);

    assertThatThrownBy(
            () ->
                new Lease(LEASE_TOKEN, META.applied(), META.raised(), META.era(KEY.cache()), many))
        .hasMessage("65 tags; expected 64 at most");
  }

  private static State filledUnder(List<TagToken> tags) {
    return new State(
        Map.of(KEY, new Cell.Entry(META.era(KEY.cache()), META.applied(), tags, VALUE)),
        Optional.of(META));
  }

  private static ReadOutcome read(State state, TagRead... tags) {
    Transition read =
        FencedProtocol.apply(state, new Operation.Get(KEY, LEASE_TOKEN, List.of(tags)));
    return ((Outcome.Read) read.outcome()).outcome();
  }

  private static TagRead tag(CacheKey tag, TagToken token) {
    return tag(tag, token, META);
  }

  private static TagRead tag(CacheKey tag, TagToken token, Meta meta) {
    return new TagRead(tag, Optional.of(entry(meta, token.value())), Optional.of(meta));
  }

  private static Cell entry(Meta meta, Value value) {
    return new Cell.Entry(meta.era(TAG.cache()), meta.applied(), value);
  }

  private static Meta meta(long epoch, long applied, long raised) {
    return meta(epoch, applied, raised, Map.of());
  }

  private static Meta meta(long epoch, long applied, long raised, Map<String, Long> generations) {
    return new Meta(
        7, new Position(epoch, applied), new Position(epoch, raised), generations, "topic", 5);
  }
}
