package dev.hearth.invalidator.rows;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.sandbox.Cases;
import dev.hearth.schemas.change.ChangeEvent;
import dev.hearth.schemas.change.Operation;
import dev.hearth.schemas.change.RowImage;
import dev.hearth.schemas.change.SnapshotEnd;
import dev.hearth.schemas.change.SnapshotRequest;
import dev.hearth.schemas.change.SnapshotRow;
import dev.hearth.schemas.position.Position;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Random histories of a table whose log carries no old values: changes, snapshots, missed changes
 * and new epochs, restarts of the ingest, crashes of the invalidator that lose part of the state
 * and of the output. By a second way: every image that a row ever had, and the record that ended
 * it.
 */
class RowsHistoryTest {
  private static final int HISTORIES = 10_000;
  private static final int STEPS = 250;
  private static final String TABLE = "public.item";
  private static final Set<String> OF_DELETED = Set.of("id", "code");
  private static final TableNeeds NEEDS =
      new TableNeeds(Set.of("id", "group", "code"), OF_DELETED, Set.of("group"), true);

  /** What rules need that somebody starts now and then: fewer indices, more, another column. */
  private static final List<TableNeeds> OTHER_NEEDS =
      List.of(
          new TableNeeds(Set.of("id", "group", "code"), OF_DELETED, Set.of(), false),
          new TableNeeds(Set.of("id", "group", "code"), OF_DELETED, Set.of("group", "code"), true),
          new TableNeeds(Set.of("id", "group", "code", "note"), OF_DELETED, Set.of("group"), true));

  @Test
  void touchesTheKeyOfEveryImageAtOrAfterTheChangeThatEndedIt() {
    AtomicLong exact = new AtomicLong();
    AtomicLong voided = new AtomicLong();
    AtomicLong found = new AtomicLong();
    Cases.check(
        HISTORIES,
        random -> {
          History history = new History(random, true);
          // Short ones too: whatever voids later hides what is missed.
          int steps = 20 + random.nextInt(STEPS);
          for (int step = 0; step < steps; step++) {
            history.step();
          }
          history.drain();
          history.verify();
          exact.addAndGet(history.exact);
          voided.addAndGet(history.voided);
          found.addAndGet(history.found);
        });
    // What never tells anything misses nothing.
    assertThat(exact.get()).isGreaterThan(4 * voided.get());
    assertThat(found.get()).isGreaterThan(Cases.number(HISTORIES));
  }

  @Test
  void voidsNothingOnceTheRowsAreCompleteAndNothingGoesWrong() {
    Cases.check(1, RowsHistoryTest::voidsNothing);
  }

  private static void voidsNothing(Random random) {
    History history = new History(random, false);
    history.change();
    history.drain();
    while (!history.complete) {
      history.ingest();
      history.drain();
    }
    history.voided = 0;
    history.exact = 0;

    for (int i = 0; i < 2_000; i++) {
      history.change();
      history.drain();
    }

    assertThat(history.voided).isZero();
    assertThat(history.exact).isPositive();
    history.verify();
  }

  /** What stands on the topic. */
  private record Logged(
      Object record,
      String row,
      @Nullable Map<Integer, Map<String, @Nullable String>> before,
      @Nullable Map<Integer, Map<String, @Nullable String>> after) {}

  /** Something whose key must go, at or after the record that ended it. */
  private record Ended(long offset, String key) {}

  private record Output(long offset, Set<String> keys, boolean voidsAll) {}

  private static final class History {
    private final Random random;
    private final boolean faults;
    private final CrashingStore store = new CrashingStore();
    private final List<Logged> topic = new ArrayList<>();
    private final List<Ended> ended = new ArrayList<>();
    private final List<Output> outputs = new ArrayList<>();
    private final Map<String, SnapshotRequest> requests = new HashMap<>();

    /** The database, and all its changes since the last epoch. */
    private Map<Integer, Map<String, @Nullable String>> table = new TreeMap<>();

    private final List<Logged> published = new ArrayList<>();
    private final List<Logged> pass = new ArrayList<>();
    private long lsn = 100;
    private int codes;
    private int passOf;
    private int id;
    private Instant now = Instant.EPOCH;
    private Rows rows;
    private int next;
    private int committed;
    private boolean complete;
    private TableNeeds needs = NEEDS;

    /** Whether the log carries the whole old row. */
    private boolean identityFull;

    private int exact;
    private int voided;
    private int found;

    private History(Random random, boolean faults) {
      this.random = random;
      this.faults = faults;
      this.rows = start();
    }

    private Rows start() {
      return new Rows(
          store,
          table -> needs,
          () -> "snapshot-" + id++,
          new Rows.Listener() {
            @Override
            public void unknown(String of, String reason) {}

            @Override
            public void complete(String of, boolean is) {
              complete = is;
            }

            @Override
            public void entries(long count) {}
          },
          now,
          random.nextInt(40));
    }

    private void step() {
      int dice = random.nextInt(100);
      if (dice < 25) {
        change();
      } else if (dice < 45) {
        ingest();
      } else if (dice < 90) {
        process();
      } else if (dice < 94) {
        commit();
      } else if (dice < 97) {
        crash();
      } else if (dice < 98) {
        publishAgain();
      } else {
        switch (random.nextInt(16)) {
          case 0, 1, 2, 3 -> epoch();
          case 4, 5, 6, 7 -> truncate();
          case 8, 9, 10 -> identityFull = !identityFull;
          case 11 -> changeOfSomeRow();
          case 12 -> topic.add(new Logged("unreadable", "", null, null));
          case 13, 14 -> startOtherRules();
          default -> {}
        }
      }
    }

    /** One change of the database, published. */
    private void change() {
      int row = random.nextInt(6);
      Map<String, @Nullable String> old = table.get(row);
      if (old == null) {
        changed(row, Operation.INSERT, null, image(row), false);
      } else if (random.nextInt(5) == 0) {
        changed(row, Operation.DELETE, old, null, false);
      } else if (random.nextInt(12) == 0) {
        move(row, old);
      } else {
        changed(row, Operation.UPDATE, old, updated(row, old), true);
      }
    }

    /**
     * Another primary key: the log has a DELETE and an INSERT, which may leave out large values.
     */
    private void move(int row, Map<String, @Nullable String> old) {
      int to = random.nextInt(6);
      if (!table.containsKey(to)) {
        changed(row, Operation.DELETE, old, null, false);
        Map<String, @Nullable String> moved = new HashMap<>(old);
        moved.put("id", "" + to);
        changed(to, Operation.INSERT, old, moved, faults);
      }
    }

    /** Mostly no two images have the same code: only their own change touches its key. */
    private Map<String, @Nullable String> image(int row) {
      Map<String, @Nullable String> image = new HashMap<>();
      image.put("id", "" + row);
      image.put("group", random.nextInt(8) == 0 ? null : "" + random.nextInt(5));
      image.put("code", random.nextInt(12) == 0 ? null : "" + codes++);
      image.put("note", random.nextInt(3) == 0 ? null : "" + random.nextInt(3));
      return image;
    }

    private Map<String, @Nullable String> updated(int row, Map<String, @Nullable String> old) {
      Map<String, @Nullable String> next = image(row);
      switch (random.nextInt(8)) {
        case 0, 1 -> next.putAll(old);
        case 2 -> next.put("code", old.get("code"));
        case 3 -> next.put("group", old.get("group"));
        case 4 -> next.put("note", old.get("note"));
        default -> {}
      }
      return next;
    }

    private void changed(
        int row,
        Operation operation,
        @Nullable Map<String, @Nullable String> old,
        @Nullable Map<String, @Nullable String> next,
        boolean large) {
      Map<Integer, Map<String, @Nullable String>> before = new TreeMap<>(table);
      if (next == null) {
        table.remove(row);
      } else {
        table.put(row, next);
      }
      if (old != null && operation != Operation.INSERT) {
        ends(old);
      }
      // The log carries the identity of the old row, and not a large value that did not change.
      Map<String, @Nullable String> logged = new HashMap<>(next == null ? Map.of() : next);
      if (large && old != null && random.nextBoolean()) {
        for (String column : List.of("group", "code", "note")) {
          if (old.get(column) != null
              && Objects.equals(old.get(column), logged.get(column))
              && random.nextBoolean()) {
            logged.remove(column);
          }
        }
      }
      Map<String, @Nullable String> identity =
          operation == Operation.INSERT
              ? Map.of()
              : identityFull && old != null ? old : Map.of("id", "" + row);
      ChangeEvent change = event(operation, identity, logged);
      Logged record = new Logged(change, TABLE + ":" + row, before, new TreeMap<>(table));
      published.add(record);
      topic.add(record);
      // A row of the pass that is under way changed: the pass leaves it out.
      pass.removeIf(read -> read.row().equals(record.row()));
    }

    private void ends(Map<String, @Nullable String> old) {
      String code = old.get("code");
      if (code != null) {
        ended.add(new Ended(topic.size(), code));
      }
    }

    /** A change that does not say which row it is of. */
    private void changeOfSomeRow() {
      int row = random.nextInt(6);
      Map<String, @Nullable String> old = table.get(row);
      if (old != null) {
        ends(old);
        table.put(row, image(row));
        Logged record =
            new Logged(event(Operation.UPDATE, Map.of(), table.get(row)), TABLE, null, null);
        published.add(record);
        topic.add(record);
        // A pass begins again.
        pass.clear();
      }
    }

    private ChangeEvent event(
        Operation operation,
        Map<String, @Nullable String> before,
        Map<String, @Nullable String> after) {
      lsn += 1 + random.nextInt(3);
      return new ChangeEvent(
          TABLE,
          operation,
          new RowImage(new HashMap<>(before)),
          new RowImage(new HashMap<>(after)),
          1,
          lsn,
          new Position(1, lsn),
          Instant.EPOCH,
          Instant.EPOCH);
    }

    private void truncate() {
      table.values().forEach(this::ends);
      Map<Integer, Map<String, @Nullable String>> before = new TreeMap<>(table);
      table = new TreeMap<>();
      Logged record =
          new Logged(event(Operation.TRUNCATE, Map.of(), Map.of()), TABLE, before, Map.of());
      published.add(record);
      topic.add(record);
      pass.removeIf(read -> read.record() instanceof SnapshotRow);
    }

    /** A step of a snapshot, where one is asked for. */
    private void ingest() {
      SnapshotRequest request = requests.get(TABLE);
      if (request == null) {
        pass.clear();
        return;
      }
      if (pass.isEmpty()) {
        table.forEach(
            (row, image) ->
                pass.add(
                    new Logged(
                        new SnapshotRow(request.id(), TABLE, new RowImage(new HashMap<>(image))),
                        TABLE + ":" + row,
                        null,
                        null)));
        pass.add(
            new Logged(new SnapshotEnd(request.id(), TABLE, request.columns()), TABLE, null, null));
        passOf = request.id().hashCode();
      }
      if (passOf != request.id().hashCode()) {
        pass.clear();
        return;
      }
      Logged read = pass.remove(0);
      topic.add(read);
      if (read.record() instanceof SnapshotEnd) {
        requests.remove(TABLE);
      }
    }

    /** The ingest starts again: a stretch comes once more, and a pass begins anew. */
    private void publishAgain() {
      if (faults && !published.isEmpty()) {
        int from = random.nextInt(published.size());
        for (Logged again :
            published.subList(Math.max(from, published.size() - 12), published.size())) {
          topic.add(new Logged(again.record(), again.row(), null, null));
        }
        pass.clear();
      }
    }

    /** Changes are missed; what was cached before is void. */
    private void epoch() {
      missed();
      if (random.nextBoolean()) {
        lsn = 100;
      }
      pass.clear();
      published.clear();
      // The first epoch of a slot is not settled; another one follows.
      if (random.nextInt(3) == 0) {
        topic.add(new Logged("unsettled epoch", "", null, null));
        for (int i = random.nextInt(3); i > 0; i--) {
          change();
        }
        missed();
        published.clear();
      }
      topic.add(new Logged("epoch", "", null, null));
    }

    private void missed() {
      for (int i = random.nextInt(4); i > 0; i--) {
        int row = random.nextInt(6);
        Map<String, @Nullable String> old = table.get(row);
        if (old != null) {
          ends(old);
        }
        table.put(row, image(row));
      }
    }

    /** Others are started, and perhaps these again; the caches whose rules are others are void. */
    private void startOtherRules() {
      if (faults) {
        needs = needs == NEEDS ? OTHER_NEEDS.get(random.nextInt(OTHER_NEEDS.size())) : NEEDS;
        crash();
      }
    }

    private void process() {
      if (next >= topic.size()) {
        return;
      }
      long offset = next;
      Logged logged = topic.get(next++);
      rows.at(offset, needs.kept() ? Set.of(TABLE) : Set.of());
      if (logged.record() instanceof ChangeEvent change) {
        derive(change, logged, offset);
      } else if (logged.record() instanceof SnapshotRow read) {
        rows.read(read, logged.row(), offset, now);
      } else if (logged.record() instanceof SnapshotEnd end) {
        rows.end(end, offset, now);
      } else {
        if (logged.record().equals("unreadable")) {
          rows.forget(random.nextBoolean() ? Optional.of(TABLE) : Optional.empty(), offset);
        } else {
          rows.epoch(offset, logged.record().equals("epoch"));
        }
        outputs.add(new Output(offset, Set.of(), true));
      }
      rows.requests(now).forEach(request -> requests.put(request.table(), request));
    }

    private void derive(ChangeEvent change, Logged logged, long offset) {
      ChangeEvent completed = rows.complete(change, logged.row(), offset);
      Set<String> keys = new TreeSet<>();
      boolean unknown = change.operation() == Operation.TRUNCATE;
      for (RowImage image :
          switch (change.operation()) {
            case INSERT -> List.of(completed.after());
            case DELETE -> List.of(completed.before());
            case UPDATE, TRUNCATE -> List.of(completed.before(), completed.after());
          }) {
        unknown |= !image.knows("code");
        image.value("code").ifPresent(keys::add);
      }
      if (logged.before() != null) {
        compare(logged.before(), offset, false);
      }
      rows.keep(completed, logged.row(), offset);
      if (logged.after() != null) {
        compare(logged.after(), offset, true);
      }
      outputs.add(new Output(offset, keys, unknown));
      if (unknown) {
        voided++;
      } else {
        exact++;
      }
    }

    /** Exactly those are found that have the value, each as it was then, as far as it is known. */
    private void compare(
        Map<Integer, Map<String, @Nullable String>> truth, long offset, boolean after) {
      if (!needs.indexed().contains("group")) {
        return;
      }
      String value = "" + random.nextInt(5);
      Found answer = rows.find(TABLE, "group", value, offset, after, 100);
      if (answer instanceof Found.Matches matches) {
        Map<String, Map<String, @Nullable String>> expected = new TreeMap<>();
        truth.forEach(
            (row, image) -> {
              if (value.equals(image.get("group"))) {
                expected.put("" + row, image);
              }
            });
        String when =
            "rows with %s %s record %d".formatted(value, after ? "after" : "before", offset);
        assertThat(matches.rows())
            .extracting(image -> image.value("id").orElseThrow())
            .as(when)
            .containsExactlyInAnyOrderElementsOf(expected.keySet());
        for (RowImage image : matches.rows()) {
          // A value that the log left out may not be known.
          assertThat(
                  Objects.requireNonNull(expected.get(image.value("id").orElseThrow())).entrySet())
              .as(when)
              .containsAll(image.columns().entrySet());
        }
        found++;
      }
    }

    private void commit() {
      committed = next;
      store.committed();
      now = now.plusSeconds(30 + random.nextInt(60));
      rows.tick(now);
    }

    /** Of what was done since the last commit some is lost, in the state and in the output. */
    private void crash() {
      if (!faults) {
        return;
      }
      store.crash(random);
      if (random.nextInt(20) == 0) {
        store.lose();
      }
      outputs.removeIf(output -> output.offset() >= committed && random.nextBoolean());
      next = committed;
      rows = start();
    }

    private void drain() {
      while (next < topic.size()) {
        process();
      }
      commit();
    }

    private void verify() {
      Map<String, Long> lastTouched = new LinkedHashMap<>();
      long lastVoid = -1;
      for (Output output : outputs) {
        output.keys().forEach(key -> lastTouched.merge(key, output.offset(), Math::max));
        if (output.voidsAll()) {
          lastVoid = Math.max(lastVoid, output.offset());
        }
      }
      for (Ended each : ended) {
        assertThat(Math.max(lastVoid, lastTouched.getOrDefault(each.key(), -1L)))
            .as("key %s ended at %d of %d", each.key(), each.offset(), topic.size())
            .isGreaterThanOrEqualTo(each.offset());
      }
      assertThat(store.size()).isLessThan(10_000);
    }
  }
}
