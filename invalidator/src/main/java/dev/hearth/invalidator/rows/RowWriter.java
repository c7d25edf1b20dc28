package dev.hearth.invalidator.rows;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/**
 * Writes rows together with the entries of the index by which they are found. {@link Rows} argues
 * that a crash between any two writes loses no row of a lookup. By the stream's thread alone.
 */
final class RowWriter {
  private final RowStore store;
  private final Function<String, TableNeeds> needs;
  private final Sweep sweep;
  private final long window;

  /**
   * @param needs by table
   * @param sweep is told what ended
   * @param window how many records back ended images are remembered
   */
  RowWriter(RowStore store, Function<String, TableNeeds> needs, Sweep sweep, long window) {
    this.store = store;
    this.needs = needs;
    this.sweep = sweep;
    this.window = window;
  }

  /** An image that a record brought, for the first time or again. */
  void write(String table, TableLife life, String row, StoredRow.Version version) {
    Set<String> indexed = needs.apply(table).indexed();
    Optional<StoredRow> stored = store.row(table, life, row);
    if (stored.isPresent() && stored.get().newest().offset() >= version.offset()) {
      reassert(table, life, row, stored.get(), version, indexed);
      return;
    }
    if (stored.map(of -> of.newest().image().equals(version.image())).orElse(false)
        || (stored.isEmpty() && version.image().isEmpty())) {
      return;
    }
    long horizon = version.offset() - window;
    StoredRow next =
        stored.map(of -> of.followedBy(version, horizon)).orElseGet(() -> StoredRow.of(version));
    // Entries first: a row that is there without them would not be found.
    RowIndex.entries(next, indexed)
        .forEach(
            (entry, until) -> {
              if (until == RowIndex.LASTING || until == version.offset()) {
                store.putEntry(table, life, entry.column(), entry.value(), row, until);
              }
            });
    store.put(table, life, row, next);
    if (stored.isPresent()) {
      sweep.ended();
    }
  }

  /** A record came again, and what it once wrote beside the row may be lost. */
  private void reassert(
      String table,
      TableLife life,
      String row,
      StoredRow stored,
      StoredRow.Version again,
      Set<String> indexed) {
    Map<RowIndex.Entry, Long> entries = new LinkedHashMap<>();
    // Its own image may be forgotten: then it ended before all that are remembered.
    RowIndex.entries(StoredRow.of(again), indexed)
        .keySet()
        .forEach(entry -> entries.put(entry, stored.newest().offset()));
    entries.putAll(RowIndex.entries(stored, indexed));
    entries.forEach(
        (entry, until) -> store.putEntry(table, life, entry.column(), entry.value(), row, until));
  }
}
