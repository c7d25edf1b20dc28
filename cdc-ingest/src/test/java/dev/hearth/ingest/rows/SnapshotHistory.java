package dev.hearth.ingest.rows;

import dev.hearth.schemas.change.ChangeEvent;
import dev.hearth.schemas.change.Operation;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;

/**
 * One random history of a small table with a small and a large column: what is committed becomes
 * visible and is published at different times, a pass reads it meanwhile, sessions end and publish
 * what they had published once more. A reader follows the topic; beside it an exact model of what
 * the published changes have made of the table.
 */
final class SnapshotHistory {
  private static final int STEPS = 140;
  private static final int IDS = 6;
  private static final int CHUNK = 2;

  /** What a history can be run without, to see that it matters. */
  enum Protection {
    /** Rows are given away only when the watermark has reached the end of the log. */
    WATERMARK,
    /** A chunk is opened before the select begins. */
    OPENED_BEFORE,
    /** What is published is noted. */
    NOTES,
    /** A truncated chunk is dropped. */
    TRUNCATE,
    /** A pass begins again after a change of which nothing is known. */
    BEGIN_AGAIN,
    /** What a noted change left out is not lost. */
    LEFT_OUT
  }

  /** The reader holds what it must not, or lacks what it must have. */
  static final class Wrong extends RuntimeException {
    private static final long serialVersionUID = 1L;

    Wrong(String what) {
      super(what);
    }
  }

  /** A committed change; its LSN is its number in the log, from 1. */
  private static final class Logged {
    private final long lsn;
    private final Optional<String> key;
    private final Operation operation;
    private final Map<String, String> after;
    private boolean visible;
    private boolean published;

    private Logged(long lsn, Optional<String> key, Operation operation, Map<String, String> after) {
      this.lsn = lsn;
      this.key = key;
      this.operation = operation;
      this.after = Map.copyOf(after);
    }

    private void applyTo(Map<String, Map<String, String>> table) {
      if (operation == Operation.TRUNCATE) {
        table.clear();
      } else if (key.isPresent()) {
        if (operation == Operation.DELETE) {
          table.remove(key.get());
        } else {
          table.computeIfAbsent(key.get(), none -> new TreeMap<>()).putAll(after);
        }
      }
    }
  }

  private final Random random;
  private final Set<Protection> without;
  private final List<Logged> log = new ArrayList<>();

  /** As the newest commit left it, as a select sees it, as the published changes made it. */
  private final Map<String, Map<String, String>> committed = new TreeMap<>();

  private final Map<String, Map<String, String>> visible = new TreeMap<>();
  private final Map<String, Map<String, String>> published = new TreeMap<>();

  /** What a reader of the topic has, and up to which LSN. */
  private final Map<String, Map<String, String>> read = new HashMap<>();

  private final Map<String, Long> readUpTo = new HashMap<>();
  private SnapshotPass pass = new SnapshotPass(Set.of("id", "a", "large"));
  private Optional<SnapshotPass.Step> asked = Optional.empty();
  private Optional<List<SelectedRow>> selected = Optional.empty();
  private Optional<List<String>> behind = Optional.empty();
  private long reached;
  private boolean over;
  private int value;
  private int ends;
  private int rows;

  SnapshotHistory(Random random, Set<Protection> without) {
    this.random = random;
    this.without = Set.copyOf(without);
    for (int id = 0; id < IDS - 1; id++) {
      Map<String, String> row = row(id);
      for (Map<String, Map<String, String>> table : List.of(committed, visible, published)) {
        table.put(key(id), new TreeMap<>(row));
      }
    }
  }

  int ends() {
    return ends;
  }

  int rows() {
    return rows;
  }

  void run() {
    for (int i = 0; i < STEPS && !over; i++) {
      switch (random.nextInt(20)) {
        case 0, 1, 2, 3 -> write();
        case 4, 5, 6 -> becomeVisible();
        case 7, 8, 9, 10 -> publish();
        case 11, 12, 13, 14 -> step();
        case 15, 16, 17, 18 -> take();
        default -> {
          if (random.nextInt(10) == 0) {
            restart();
          }
        }
      }
    }
    while (!over) {
      becomeVisible();
      publish();
      step();
      take();
    }
  }

  private static String key(int id) {
    return "t:" + id;
  }

  private Map<String, String> row(int id) {
    return new TreeMap<>(Map.of("id", "" + id, "a", "a" + value++, "large", "l" + value++));
  }

  private void commit(Optional<String> key, Operation operation, Map<String, String> after) {
    Logged logged = new Logged(log.size() + 1, key, operation, after);
    log.add(logged);
    logged.applyTo(committed);
  }

  private boolean isLocked(int id) {
    return log.stream().anyMatch(each -> !each.visible && each.key.equals(Optional.of(key(id))));
  }

  private void write() {
    int id = random.nextInt(IDS);
    int other = random.nextInt(IDS);
    boolean allVisible = log.stream().allMatch(each -> each.visible);
    int kind = random.nextInt(24);
    if (log.stream().anyMatch(each -> !each.visible && each.key.isEmpty())) {
      // The table is locked.
      return;
    }
    if (kind == 0 && allVisible) {
      commit(Optional.empty(), Operation.TRUNCATE, Map.of());
    } else if (kind == 1 && allVisible) {
      // Nobody can say which row this is of.
      commit(Optional.empty(), Operation.UPDATE, Map.of());
    } else if (isLocked(id)) {
      return;
    } else if (!committed.containsKey(key(id))) {
      commit(Optional.of(key(id)), Operation.INSERT, row(id));
    } else if (kind < 5) {
      commit(Optional.of(key(id)), Operation.DELETE, Map.of());
    } else if (kind < 9 && !committed.containsKey(key(other)) && !isLocked(other)) {
      move(id, other, random.nextBoolean());
    } else {
      Map<String, String> after = row(id);
      if (kind < 17) {
        after.remove("large");
      }
      commit(Optional.of(key(id)), Operation.UPDATE, after);
    }
  }

  private void move(int id, int other, boolean whole) {
    Map<String, String> after = new TreeMap<>(committed.get(key(id)));
    after.put("id", "" + other);
    commit(Optional.of(key(id)), Operation.DELETE, Map.of());
    Map<String, String> logged = new TreeMap<>(after);
    if (!whole) {
      logged.remove("large");
    }
    commit(Optional.of(key(other)), Operation.INSERT, logged);
    committed.put(key(other), after);
    moved.put((long) log.size(), new TreeMap<>(after));
  }

  /** The whole row behind an INSERT that left a column out, by its LSN. */
  private final Map<Long, Map<String, String>> moved = new HashMap<>();

  private void apply(Logged logged, Map<String, Map<String, String>> table) {
    logged.applyTo(table);
    Map<String, String> whole = moved.get(logged.lsn);
    if (whole != null) {
      table.put(logged.key.orElseThrow(), new TreeMap<>(whole));
    }
  }

  private void becomeVisible() {
    List<Logged> candidates = log.stream().filter(each -> !each.visible).toList();
    if (candidates.isEmpty()) {
      return;
    }
    Logged one = candidates.get(random.nextInt(candidates.size()));
    // Both halves of a moved row are of one transaction; of one row, the order stays.
    int index = log.indexOf(one);
    if (moved.containsKey(one.lsn)) {
      index--;
    }
    boolean pair = index + 1 < log.size() && moved.containsKey(log.get(index + 1).lsn);
    for (int i = index; i <= (pair ? index + 1 : index); i++) {
      Logged each = log.get(i);
      if (log.subList(0, i).stream()
          .anyMatch(before -> !before.visible && before.key.equals(each.key))) {
        return;
      }
    }
    for (int i = index; i <= (pair ? index + 1 : index); i++) {
      log.get(i).visible = true;
      apply(log.get(i), visible);
    }
  }

  private void publish() {
    for (Logged each : log) {
      if (each.visible && !each.published) {
        each.published = true;
        each.key.ifPresent(this::requireNoNewer);
        apply(each, published);
        tell(each);
        receive(each);
        return;
      }
    }
  }

  private void tell(Logged each) {
    ChangeEvent change = SnapshotPassTest.change(each.operation, each.after);
    boolean unknown = each.operation == Operation.UPDATE && each.key.isEmpty();
    if ((without.contains(Protection.NOTES) && each.key.isPresent())
        || (without.contains(Protection.TRUNCATE) && each.operation == Operation.TRUNCATE)
        || (without.contains(Protection.BEGIN_AGAIN) && unknown)) {
      return;
    }
    if (without.contains(Protection.LEFT_OUT) && each.key.isPresent()) {
      Map<String, String> whole = new HashMap<>(each.after);
      whole.putIfAbsent("large", "");
      whole.putIfAbsent("a", "");
      change = SnapshotPassTest.change(each.operation, whole);
    }
    pass.published(each.key, change);
  }

  /** A change must find the row as the changes before it made it, as far as the row is known. */
  private void requireNoNewer(String key) {
    Map<String, String> known = read.get(key);
    if (known == null) {
      return;
    }
    Map<String, String> exact = published.getOrDefault(key, Map.of());
    if (!exact.entrySet().containsAll(known.entrySet())) {
      throw new Wrong(key + " is known as " + known + ", and was " + exact);
    }
  }

  private void receive(Logged each) {
    if (each.operation == Operation.TRUNCATE || each.key.isEmpty()) {
      read.clear();
    } else if (readUpTo.getOrDefault(each.key.get(), 0L) < each.lsn) {
      String key = each.key.get();
      readUpTo.put(key, each.lsn);
      if (each.operation == Operation.DELETE) {
        read.remove(key);
      } else if (each.operation == Operation.INSERT) {
        read.put(key, new TreeMap<>(each.after));
      } else {
        read.computeIfAbsent(key, none -> new TreeMap<>()).putAll(each.after);
      }
    }
  }

  private void step() {
    if (asked.isPresent()) {
      if (selected.isEmpty()) {
        select(asked.get());
      } else {
        if (without.contains(Protection.OPENED_BEFORE)) {
          pass.opened();
        }
        pass.selected(asked.get(), selected.get(), behind, reached);
        asked = Optional.empty();
        selected = Optional.empty();
      }
      return;
    }
    SnapshotPass.Step next = pass.next();
    if (next instanceof SnapshotPass.End) {
      end();
    } else if (next instanceof SnapshotPass.BeginAgain) {
      begin();
    } else if (!(next instanceof SnapshotPass.Wait)) {
      if (!without.contains(Protection.OPENED_BEFORE)) {
        pass.opened();
      }
      asked = Optional.of(next);
    }
  }

  private void begin() {
    pass = new SnapshotPass(Set.of("id", "a", "large"));
    asked = Optional.empty();
    selected = Optional.empty();
  }

  private void select(SnapshotPass.Step step) {
    List<SelectedRow> chunk = new ArrayList<>();
    behind = Optional.empty();
    for (Map.Entry<String, Map<String, String>> row : visible.entrySet()) {
      if (step instanceof SnapshotPass.SelectRows some
          ? some.keys().contains(row.getKey())
          : isBehind(row.getKey(), (SnapshotPass.SelectAfter) step)) {
        chunk.add(new SelectedRow(row.getKey(), new LinkedHashMap<>(row.getValue())));
        if (step instanceof SnapshotPass.SelectAfter && chunk.size() == CHUNK) {
          behind = Optional.of(List.of(row.getKey()));
          break;
        }
      }
    }
    selected = Optional.of(chunk);
    reached = without.contains(Protection.WATERMARK) ? 0 : log.size();
  }

  private static boolean isBehind(String key, SnapshotPass.SelectAfter step) {
    return step.place().isEmpty() || key.compareTo(step.place().get().get(0)) > 0;
  }

  private void take() {
    long watermark =
        log.stream()
            .filter(each -> !each.published)
            .mapToLong(each -> each.lsn - 1)
            .findFirst()
            .orElse(log.size());
    for (SelectedRow row : pass.take(watermark, 1 + random.nextInt(3))) {
      rows++;
      Map<String, String> exact = published.get(row.key());
      if (!Objects.equals(exact, row.columns())) {
        throw new Wrong(row + " was published, and is " + exact);
      }
      read.put(row.key(), new TreeMap<>(exact));
    }
  }

  private void end() {
    over = true;
    ends++;
    if (!read.equals(published)) {
      throw new Wrong("the reader has " + read + ", the table is " + published);
    }
  }

  /** Another session: some of what was published is published once more, and the pass is new. */
  private void restart() {
    List<Logged> out =
        new ArrayList<>(new LinkedHashSet<>(log.stream().filter(each -> each.published).toList()));
    int from = out.size() - random.nextInt(out.size() + 1);
    out.subList(from, out.size()).forEach(this::receive);
    begin();
  }
}
