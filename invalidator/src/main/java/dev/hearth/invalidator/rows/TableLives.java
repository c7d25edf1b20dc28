package dev.hearth.invalidator.rows;

import dev.hearth.schemas.change.SnapshotEnd;
import dev.hearth.schemas.change.SnapshotRequest;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * Which tables' rows are stored, since when, and whether all of them; and what the ingest is to be
 * asked for until they are. By the stream's thread alone.
 */
final class TableLives {
  private final RowStore store;
  private final Function<String, TableNeeds> needs;
  private final Supplier<String> ids;
  private final Rows.Listener listener;
  private final Sweep sweep;
  private final Map<String, TableLife> lives;
  private final Requests requests = new Requests();
  private boolean asking = true;

  /**
   * Those that an earlier run left.
   *
   * @param needs by table
   * @param ids of snapshots, each a new one
   * @param sweep deletes what another life left behind
   * @param now when this run begins
   */
  TableLives(
      RowStore store,
      Function<String, TableNeeds> needs,
      Supplier<String> ids,
      Rows.Listener listener,
      Sweep sweep,
      Instant now) {
    this.store = store;
    this.needs = needs;
    this.ids = ids;
    this.listener = listener;
    this.sweep = sweep;
    this.lives = new LinkedHashMap<>(store.lives());
    lives.forEach(
        (table, life) -> {
          if (!life.isComplete()) {
            requests.inherited(table, life.snapshot(), now);
          }
          listener.complete(table, life.isComplete());
        });
  }

  /** Of a table; empty where nothing of it is stored. */
  Optional<TableLife> of(String table) {
    return Optional.ofNullable(lives.get(table));
  }

  /** By table; a view. */
  Map<String, TableLife> all() {
    return Collections.unmodifiableMap(lives);
  }

  /**
   * Begins anew what other rules left behind, and what no rule had joined.
   *
   * @param offset of the first record of a run
   * @param joined tables whose rows are kept whatever the log carries
   */
  void follow(long offset, Set<String> joined) {
    for (Map.Entry<String, TableLife> each : List.copyOf(lives.entrySet())) {
      String table = each.getKey();
      TableNeeds needed = needs.apply(table);
      if (needed.columns().isEmpty()) {
        lives.remove(table);
        store.remove(table);
      } else if (!each.getValue().isWhatIs(needed)) {
        begin(table, offset - 1, true);
      }
    }
    for (String table : joined) {
      if (!lives.containsKey(table)) {
        begin(table, offset - 1, true);
      }
    }
  }

  /**
   * A new life, which knows nothing.
   *
   * @param offset behind which it is
   * @param ask whether the ingest is to be asked for the rows
   */
  void begin(String table, long offset, boolean ask) {
    put(table, TableLife.begun(offset, needs.apply(table), ask ? ids.get() : ""));
    asking = true;
    sweep.want();
  }

  /** The table has no rows any longer. */
  void truncate(String table, TableLife life, long offset) {
    put(table, life.truncatedAt(offset));
    sweep.want();
  }

  /** Begins anew where the record says something of what is stored. */
  void forget(String table, long offset, boolean ask) {
    if (of(table).filter(life -> life.isAfterBegin(offset)).isPresent()) {
      begin(table, offset, ask);
    }
  }

  /** The same of all. */
  void forgetAll(long offset, boolean ask) {
    List.copyOf(lives.keySet()).forEach(table -> forget(table, offset, ask));
  }

  /** Something of what was asked for has come. */
  void heard(String table, Instant now) {
    requests.heard(table, now);
  }

  /** All rows that were asked for have come. */
  void end(SnapshotEnd end, long offset, Instant now) {
    TableLife life = lives.get(end.table());
    if (life == null || !life.isAfterBegin(offset)) {
      return;
    }
    requests.heard(end.table(), now);
    if (!life.isComplete()
        && life.snapshot().equals(end.snapshot())
        && end.columns().containsAll(life.columns())) {
      put(end.table(), life.completeFrom(offset));
    }
  }

  private void put(String table, TableLife life) {
    lives.put(table, life);
    store.put(table, life);
    listener.complete(table, life.isComplete());
  }

  /** Looks again whether something is to be asked for. */
  void askAgain() {
    asking = true;
  }

  /** What to ask the ingest for now; what is given back counts as asked. */
  List<SnapshotRequest> requests(Instant now) {
    if (!asking) {
      return List.of();
    }
    asking = false;
    List<SnapshotRequest> due = new ArrayList<>();
    lives.forEach(
        (table, life) -> {
          if (!life.isComplete()
              && !life.snapshot().isEmpty()
              && requests.isDue(table, life.snapshot(), now)) {
            due.add(new SnapshotRequest(life.snapshot(), table, life.columns(), now));
          }
        });
    return due;
  }
}
