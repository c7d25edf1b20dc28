package dev.hearth.invalidator.rows;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.schemas.change.ChangeEvent;
import dev.hearth.schemas.change.Operation;
import dev.hearth.schemas.change.RowImage;
import dev.hearth.schemas.change.SnapshotEnd;
import dev.hearth.schemas.change.SnapshotRequest;
import dev.hearth.schemas.change.SnapshotRow;
import dev.hearth.schemas.position.Position;
import java.time.Instant;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What is remembered over a stop, when rows are asked for, and what is swept away. */
class RowsTest {
  private static final String TABLE = "public.product";
  private static final TableNeeds NEEDS =
      new TableNeeds(Set.of("id", "category"), Set.of("category"), Set.of("category"), true);

  private final CrashingStore store = new CrashingStore();
  private Instant now = Instant.parse("2026-11-23T08:00:00Z");
  private int ids;
  private long offset;
  private Rows rows = start(NEEDS);

  private Rows start(TableNeeds needs) {
    return new Rows(store, table -> needs, () -> "snapshot-" + ids++, new Silent(), now, 2);
  }

  @Test
  void remembersRowsOverAStop() {
    complete();

    rows = start(NEEDS);
    ChangeEvent completed = update("1", "20");

    assertThat(completed.before().value("category")).contains("10");
    assertThat(rows.requests(now)).isEmpty();
  }

  @Test
  void asksForAllRowsWhereRulesReadAnotherColumn() {
    complete();

    rows = start(new TableNeeds(Set.of("id", "category", "name"), Set.of(), Set.of(), false));
    ChangeEvent completed = update("1", "20");

    assertThat(completed.before().knows("category")).isFalse();
    assertThat(rows.requests(now))
        .singleElement()
        .satisfies(
            request -> assertThat(request.columns()).containsExactly("category", "id", "name"));
  }

  @Test
  void asksForAllRowsWhereNewRulesJoinOnAColumnThatWasStoredAlready() {
    rows = start(new TableNeeds(Set.of("id", "category"), Set.of("category"), Set.of(), true));
    complete();

    rows = start(NEEDS);
    rows.at(offset, Set.of(TABLE));

    assertThat(rows.find(TABLE, "category", "10", offset, false, 1))
        .isEqualTo(new Found.NotKnown("incomplete"));
    complete(rows.requests(now).get(0));
    assertThat(rows.find(TABLE, "category", "10", offset, false, 1))
        .isEqualTo(new Found.Matches(List.of(image("1", "10"))));
  }

  @Test
  void doesNotBelieveAnIndexThatRulesInBetweenDidNotKeep() {
    complete();
    rows = start(new TableNeeds(Set.of("id", "category"), Set.of("category"), Set.of(), true));
    update("1", "20");

    rows = start(NEEDS);
    rows.at(offset, Set.of(TABLE));

    assertThat(rows.find(TABLE, "category", "20", offset, false, 1))
        .isEqualTo(new Found.NotKnown("incomplete"));
  }

  @Test
  void readsWhatEarlierVersionsStoredAsRowsWithoutAnIndex() {
    TableLife life =
        TableLife.begun(7, new TableNeeds(Set.of("id", "category"), Set.of(), Set.of(), true), "s")
            .completeFrom(9);
    byte[] today = StoreFormat.life(life);

    byte[] then = Arrays.copyOf(today, today.length - Integer.BYTES);

    assertThat(StoreFormat.life(then)).isEqualTo(life);
    assertThat(StoreFormat.life(then).isWhatIs(NEEDS)).isFalse();
    assertThat(life.incarnation())
        .isEqualTo("%016x%08x".formatted(7, List.of("category", "id").hashCode()));
  }

  @Test
  void storesNothingMoreOfATableThatNoRuleReadsAnyLonger() {
    complete();

    rows = start(new TableNeeds(Set.of(), Set.of(), Set.of(), false));
    rows.at(offset++, Set.of());
    sweep();

    assertThat(store.size()).as("how far was swept").isEqualTo(1);
  }

  @Test
  void asksAgainForTheSameSnapshotWhereNothingComesAndEverMoreSeldom() {
    rows.at(offset++, Set.of(TABLE));
    SnapshotRequest first = rows.requests(now).get(0);

    assertThat(asked(59)).isEmpty();
    assertThat(asked(2)).extracting(SnapshotRequest::id).containsExactly(first.id());
    assertThat(asked(61)).isEmpty();
    assertThat(asked(60)).extracting(SnapshotRequest::id).containsExactly(first.id());
  }

  @Test
  void waitsWhileRowsCome() {
    rows.at(offset++, Set.of(TABLE));
    SnapshotRequest request = rows.requests(now).get(0);

    asked(50);
    rows.read(row(request, "1", "10"), TABLE + ":1", offset++, now);

    assertThat(asked(50)).isEmpty();
    assertThat(asked(20)).isNotEmpty();
  }

  @Test
  void asksSeldomForATableWhoseRowsCannotBeToldApart() {
    rows.at(offset++, Set.of(TABLE));
    int requests = 0;
    for (int second = 0; second < 3_600; second++) {
      rows.at(offset, Set.of(TABLE));
      rows.keep(change(Operation.INSERT, Map.of(), Map.of("id", "1")), TABLE, offset++);
      requests += asked(1).size();
    }

    assertThat(requests).isBetween(3, 12);
  }

  @Test
  void findsRowsByAValueOnlyWhenAllAreThere() {
    rows.at(offset++, Set.of(TABLE));
    SnapshotRequest request = rows.requests(now).get(0);
    rows.read(row(request, "1", "10"), TABLE + ":1", offset++, now);
    assertThat(rows.find(TABLE, "category", "10", offset, false, 10))
        .isEqualTo(new Found.NotKnown("incomplete"));

    rows.read(row(request, "2", "10"), TABLE + ":2", offset++, now);
    rows.read(row(request, "3", "11"), TABLE + ":3", offset++, now);
    rows.end(new SnapshotEnd(request.id(), TABLE, request.columns()), offset++, now);

    assertThat(((Found.Matches) rows.find(TABLE, "category", "10", offset, false, 10)).rows())
        .extracting(image -> image.value("id").orElseThrow())
        .containsExactly("1", "2");
    assertThat(rows.find(TABLE, "category", "10", offset, false, 1)).isEqualTo(new Found.TooMany());
  }

  @Test
  void findsAReadRowAgainWhoseEntryWasLostInACrashAfterItWasDeleted() {
    assertThat(findsAfterACrash(() -> delete("1")))
        .containsOnly(new Found.Matches(List.of(image("1", "10"))));
  }

  @Test
  void admitsThatAReadRowWhoseEntryWasLostInACrashIsForgotten() {
    assertThat(
            findsAfterACrash(
                () -> {
                  for (int category = 20; category < 30; category++) {
                    update("1", "" + category);
                  }
                }))
        .contains(new Found.NotKnown("forgotten"))
        .isSubsetOf(new Found.NotKnown("forgotten"), new Found.Matches(List.of(image("1", "10"))));
  }

  @Test
  void believesNoEndOfAnotherSnapshotOrOfFewerColumns() {
    rows.at(offset++, Set.of(TABLE));
    SnapshotRequest request = rows.requests(now).get(0);
    rows.end(new SnapshotEnd("another", TABLE, request.columns()), offset++, now);
    rows.end(new SnapshotEnd(request.id(), TABLE, List.of("id")), offset++, now);

    assertThat(rows.find(TABLE, "category", "10", offset, false, 1))
        .isEqualTo(new Found.NotKnown("incomplete"));
  }

  @Test
  void sweepsAwayWhatATruncateLeftBehindInSlices() {
    complete();
    int filled = store.size();
    rows.at(offset, Set.of(TABLE));
    rows.keep(change(Operation.TRUNCATE, Map.of(), Map.of()), TABLE, offset++);
    assertThat(store.size()).as("nothing is deleted in the stream").isEqualTo(filled);

    sweep();

    assertThat(store.size()).as("the table's life, and how far was swept").isEqualTo(2);
  }

  @Test
  void tellsNothingOfTheTimeOfWhichEndedEntriesWereSweptAway() {
    complete();
    long then = offset;
    update("1", "20");
    for (int i = 0; i < 5; i++) {
      rows.at(offset++, Set.of(TABLE));
    }
    sweep();

    assertThat(rows.find(TABLE, "category", "10", then, false, 1))
        .isEqualTo(new Found.NotKnown("forgotten"));
    assertThat(rows.find(TABLE, "category", "10", offset, false, 1))
        .isEqualTo(new Found.Matches(List.of()));
  }

  /**
   * What is found of a row that a snapshot read, once its records come again, after crashes that
   * each lose another part of the store.
   *
   * @param then what happened to the row between the snapshot's end and the crash
   */
  private Set<Found> findsAfterACrash(Runnable then) {
    Set<Found> found = new HashSet<>();
    for (int seed = 0; seed < 50; seed++) {
      store.lose();
      ids = 0;
      offset = 0;
      rows = start(NEEDS);
      rows.at(offset++, Set.of(TABLE));
      SnapshotRequest request = rows.requests(now).get(0);
      store.committed();
      complete(request);
      long end = offset;
      then.run();
      store.crash(new Random(seed));

      rows = start(NEEDS);
      offset = 1;
      rows.at(offset, Set.of(TABLE));
      complete(request);
      assertThat(offset).isEqualTo(end);
      found.add(rows.find(TABLE, "category", "10", offset, false, 10));
    }
    return found;
  }

  private void sweep() {
    for (int i = 0; i < 10; i++) {
      now = now.plusSeconds(61);
      rows.tick(now);
    }
  }

  private void complete() {
    rows.at(offset++, Set.of(TABLE));
    complete(rows.requests(now).get(0));
  }

  private void complete(SnapshotRequest request) {
    rows.read(row(request, "1", "10"), TABLE + ":1", offset++, now);
    rows.end(new SnapshotEnd(request.id(), TABLE, request.columns()), offset++, now);
  }

  private List<SnapshotRequest> asked(int seconds) {
    now = now.plusSeconds(seconds);
    rows.tick(now);
    return rows.requests(now);
  }

  private ChangeEvent update(String id, String category) {
    rows.at(offset, Set.of());
    ChangeEvent completed =
        rows.complete(
            change(Operation.UPDATE, Map.of("id", id), Map.of("id", id, "category", category)),
            TABLE + ":" + id,
            offset);
    rows.keep(completed, TABLE + ":" + id, offset++);
    return completed;
  }

  private void delete(String id) {
    rows.at(offset, Set.of());
    ChangeEvent completed =
        rows.complete(
            change(Operation.DELETE, Map.of("id", id), Map.of()), TABLE + ":" + id, offset);
    rows.keep(completed, TABLE + ":" + id, offset++);
  }

  private static SnapshotRow row(SnapshotRequest request, String id, String category) {
    return new SnapshotRow(request.id(), TABLE, image(id, category));
  }

  private static RowImage image(String id, String category) {
    return new RowImage(Map.of("id", id, "category", category));
  }

  private ChangeEvent change(
      Operation operation, Map<String, String> before, Map<String, String> after) {
    return new ChangeEvent(
        TABLE,
        operation,
        new RowImage(Map.copyOf(before)),
        new RowImage(Map.copyOf(after)),
        1,
        100 + offset,
        new Position(1, 100 + offset),
        Instant.EPOCH,
        Instant.EPOCH);
  }

  private static final class Silent implements Rows.Listener {
    @Override
    public void unknown(String table, String reason) {}

    @Override
    public void complete(String table, boolean complete) {}

    @Override
    public void entries(long count) {}
  }
}
