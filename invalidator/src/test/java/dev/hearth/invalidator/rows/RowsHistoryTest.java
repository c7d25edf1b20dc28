package dev.hearth.invalidator.rows;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.invalidator.Seeds;
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
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Random histories of a table whose log carries no old values: changes, snapshots, missed changes
 * and new epochs, restarts of the ingest, crashes of the invalidator that lose part of the state
 * and of the output. By a second way: every image that a row ever had, and the record that ended
 * it.
 */
class RowsHistoryTest {
  private static final int HISTORIES = Integer.getInteger("hearth.histories", 10_000);
  private static final int STEPS = 250;
  private static final String TABLE = "public.item";
  private static final TableNeeds NEEDS =
      new TableNeeds(Set.of("id", "group", "code"), Set.of("id", "code"), Set.of("group"), true);

  @Test
  void touchesTheKeyOfEveryImageAtOrAfterTheChangeThatEndedIt() {
    long seed = Seeds.next();
    Random random = new Random(seed);
    int exact = 0;
    int voided = 0;
    int found = 0;
    for (int i = 0; i < HISTORIES; i++) {
      History history = new History("history " + i + " of seed " + seed, random, true);
      // Short ones too: whatever voids later hides what is missed.
      int steps = 20 + random.nextInt(STEPS);
      for (int step = 0; step < steps; step++) {
        history.step();
      }
      history.drain();
      history.verify();
      exact += history.exact;
      voided += history.voided;
      found += history.found;
    }
    // What never tells anything misses nothing.
    assertThat(exact).isGreaterThan(4 * voided);
    assertThat(found).isGreaterThan(HISTORIES);
  }

  @Test
  void voidsNothingOnceTheRowsAreCompleteAndNothingGoesWrong() {
    Random random = new Random(Seeds.next());
    History history = new History("calm", random, false);
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
      Object record, String row, @Nullable Map<Integer, Map<String, String>> before) {}

  /** Something whose key must go, at or after the record that ended it. */
  private record Ended(long offset, String key) {}

  private record Output(long offset, Set<String> keys, boolean voidsAll) {}

  private static final class History {
    private final String name;
    private final Random random;
    private final boolean faults;
    private final CrashingStore store = new CrashingStore();
    private final List<Logged> topic = new ArrayList<>();
    private final List<Ended> ended = new ArrayList<>();
    private final List<Output> outputs = new ArrayList<>();
    private final Map<String, SnapshotRequest> requests = new HashMap<>();

    /** The database, and all its changes since the last epoch. */
    private Map<Integer, Map<String, String>> table = new TreeMap<>();

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
    private int exact;
    private int voided;
    private int found;

    private History(String name, Random random, boolean faults) {
      this.name = name;
      this.random = random;
      this.faults = faults;
      this.rows = start();
    }

    private Rows start() {
      return new Rows(
          store,
          table -> NEEDS,
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
      } else if (random.nextInt(4) == 0) {
        epoch();
      } else if (random.nextInt(3) == 0) {
        truncate();
      }
    }

    /** One change of the database, published. */
    private void change() {
      int row = random.nextInt(6);
      Map<String, String> old = table.get(row);
      if (old == null) {
        changed(row, Operation.INSERT, null, image(row, random.nextInt(5)));
      } else if (random.nextInt(5) == 0) {
        changed(row, Operation.DELETE, old, null);
      } else {
        changed(
            row,
            Operation.UPDATE,
            old,
            random.nextInt(4) == 0 ? old : image(row, random.nextInt(5)));
      }
    }

    /** No two images have the same code: only their own change touches its key. */
    private Map<String, String> image(int row, int group) {
      return Map.of("id", "" + row, "group", "" + group, "code", "" + codes++);
    }

    private void changed(
        int row,
        Operation operation,
        @Nullable Map<String, String> old,
        @Nullable Map<String, String> next) {
      Map<Integer, Map<String, String>> before = new TreeMap<>(table);
      if (next == null) {
        table.remove(row);
      } else {
        table.put(row, next);
      }
      if (old != null) {
        ended.add(new Ended(topic.size(), Objects.requireNonNull(old.get("code"))));
      }
      // The log carries the identity of the old row, and not a large value that did not change.
      Map<String, String> logged = new HashMap<>(next == null ? Map.of() : next);
      if (next != null
          && operation == Operation.UPDATE
          && next.equals(old)
          && random.nextBoolean()) {
        logged.remove(random.nextBoolean() ? "group" : "code");
      }
      ChangeEvent change =
          event(
              operation, operation == Operation.INSERT ? Map.of() : Map.of("id", "" + row), logged);
      Logged record = new Logged(change, TABLE + ":" + row, before);
      published.add(record);
      topic.add(record);
      // A row of the pass that is under way changed: the pass leaves it out.
      pass.removeIf(read -> read.row().equals(record.row()));
    }

    private ChangeEvent event(
        Operation operation, Map<String, String> before, Map<String, String> after) {
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
      table
          .values()
          .forEach(
              old -> ended.add(new Ended(topic.size(), Objects.requireNonNull(old.get("code")))));
      Map<Integer, Map<String, String>> before = new TreeMap<>(table);
      table = new TreeMap<>();
      Logged record = new Logged(event(Operation.TRUNCATE, Map.of(), Map.of()), TABLE, before);
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
                        null)));
        pass.add(new Logged(new SnapshotEnd(request.id(), TABLE, request.columns()), TABLE, null));
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
          topic.add(new Logged(again.record(), again.row(), null));
        }
        pass.clear();
      }
    }

    /** Changes are missed; what was cached before is void. */
    private void epoch() {
      for (int i = random.nextInt(4); i > 0; i--) {
        int row = random.nextInt(6);
        Map<String, String> old = table.get(row);
        if (old != null) {
          ended.add(new Ended(topic.size(), Objects.requireNonNull(old.get("code"))));
        }
        table.put(row, image(row, random.nextInt(5)));
      }
      if (random.nextBoolean()) {
        lsn = 100;
      }
      pass.clear();
      published.clear();
      topic.add(new Logged("epoch", "", null));
    }

    private void process() {
      if (next >= topic.size()) {
        return;
      }
      long offset = next;
      Logged logged = topic.get(next++);
      rows.at(offset, Set.of(TABLE));
      if (logged.record() instanceof ChangeEvent change) {
        derive(change, logged, offset);
      } else if (logged.record() instanceof SnapshotRow read) {
        rows.read(read, logged.row(), offset, now);
      } else if (logged.record() instanceof SnapshotEnd end) {
        rows.end(end, offset, now);
      } else {
        rows.epoch(offset, true);
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
        unknown |= image.value("code").isEmpty();
        image.value("code").ifPresent(keys::add);
      }
      if (logged.before() != null) {
        compare(logged.before(), offset);
      }
      rows.keep(completed, logged.row(), offset);
      outputs.add(new Output(offset, keys, unknown));
      if (unknown) {
        voided++;
      } else {
        exact++;
      }
    }

    /** Whoever is found has the value, and nobody who has it is left out. */
    private void compare(Map<Integer, Map<String, String>> truth, long offset) {
      String value = "" + random.nextInt(5);
      Found answer = rows.find(TABLE, "group", value, offset, false, 100);
      if (answer instanceof Found.Matches matches) {
        Set<String> expected = new TreeSet<>();
        truth.forEach(
            (row, image) -> {
              if (value.equals(image.get("group"))) {
                expected.add("" + row);
              }
            });
        Set<String> actual = new TreeSet<>();
        matches.rows().forEach(image -> actual.add(image.value("id").orElseThrow()));
        assertThat(actual).as("%s: rows with %s at %d", name, value, offset).containsAll(expected);
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
            .as("%s: key %s ended at %d of %d", name, each.key(), each.offset(), topic.size())
            .isGreaterThanOrEqualTo(each.offset());
      }
      assertThat(store.size()).isLessThan(10_000);
    }
  }
}
