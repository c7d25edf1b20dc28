package dev.hearth.invalidator.rows;

import dev.hearth.schemas.change.ChangeEvent;
import dev.hearth.schemas.change.Operation;
import dev.hearth.schemas.change.RowImage;
import dev.hearth.schemas.change.SnapshotEnd;
import dev.hearth.schemas.change.SnapshotRequest;
import dev.hearth.schemas.change.SnapshotRow;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.state.KeyValueStore;
import org.jspecify.annotations.Nullable;

/**
 * The columns that rules need of rows, for old values that the log does not carry and for joins.
 *
 * <h2>Why no key is missed</h2>
 *
 * <p>A row goes through images I0, I1, ... (one may be "no row"), each ended by the next change.
 * <i>Claim:</i> for each change whose old image the log does not carry, either the image that it
 * ended is filled in, or nothing is, and then whoever derives keys voids the cache.
 *
 * <p><b>Without a crash.</b> A row is stored only by records behind the beginning of its table's
 * life, in the order of the topic, which for one row is commit order. Each change of the row since
 * then has been met: the topic has no gaps inside an epoch, and a new epoch, a change that could
 * not be read or does not say its row, or other columns begin a new life, which knows nothing. A
 * snapshot's row shows what the changes before it on the topic made, so it is the present image as
 * well. So a stored image is the one that the next change ends; a row that is not stored is
 * unknown, whether or not the table is complete.
 *
 * <p><b>After a crash</b> records from the last commit c on come again, and the invalidations of
 * any of them may be lost. What is stored of a row holds every record below c: a commit follows the
 * flush of the store. It may hold later ones too, and how many differs from row to row, since the
 * disk and the changelog lose different tails. So each image has the offset that brought it, and
 * the record at offset o finds the newest image brought below o. If that image is remembered it is
 * the right one: an image brought below o and ended at or above o was the row's at o, and there is
 * only one. If it was forgotten (a few are remembered, and not for long), what is found is nothing,
 * never another one, because images are forgotten from the old end. A life has the offset of its
 * beginning, and says nothing of records up to there. Rows of another life have other keys.
 *
 * <p><b>Published again.</b> After its own restart the ingest publishes a stretch again: the same
 * change LSNs at later offsets. A change with an LSN at or below the stored image's does not make
 * an image, so the stored one stays right. All that it can touch was touched when it came first,
 * which was before it in this topic; it touches the keys of both its images again all the same.
 *
 * <p><b>Joins.</b> A row is found by a value through an index whose entries are never deleted by a
 * change, but marked with the offset of the record that ended them. At the record at offset o, all
 * entries count that were not ended below o, and of each the row's image at o decides. An entry
 * ended at or above o is there: what was written below c holds, and what a crash took is written
 * again when its record comes again, from all images that the row remembers. {@link Sweep} says
 * until where ended entries may be gone, and nothing is told of records up to there; nor before the
 * table is complete.
 *
 * <p>By the stream's thread alone.
 */
public final class Rows {
  /** Where it is said. */
  public interface Listener {
    /**
     * A value that rules need was not known.
     *
     * @param reason one of a few words
     */
    void unknown(String table, String reason);

    /** Whether all rows of a table are stored. */
    void complete(String table, boolean complete);

    /** Roughly how many rows and entries of indices are stored. */
    void entries(long count);
  }

  private final RowStore store;
  private final Function<String, TableNeeds> needs;
  private final Supplier<String> ids;
  private final Listener listener;
  private final Map<String, TableLife> lives = new LinkedHashMap<>();
  private final Requests requests = new Requests();
  private final Sweep sweep;
  private final long window;
  private long swept;
  private boolean asking = true;
  private boolean begun;
  private long last = -1;

  /**
   * @param needs by table
   * @param ids of snapshots, each a new one
   * @param now when this run begins
   */
  public Rows(
      KeyValueStore<Bytes, byte[]> store,
      Function<String, TableNeeds> needs,
      Supplier<String> ids,
      Listener listener,
      Instant now) {
    this(store, needs, ids, listener, now, Sweep.WINDOW);
  }

  /**
   * @param window how many records back ended images are remembered
   */
  Rows(
      KeyValueStore<Bytes, byte[]> store,
      Function<String, TableNeeds> needs,
      Supplier<String> ids,
      Listener listener,
      Instant now,
      long window) {
    this.store = new RowStore(store);
    this.window = window;
    this.needs = needs;
    this.ids = ids;
    this.listener = listener;
    this.sweep = new Sweep(this.store, window);
    this.swept = this.store.swept();
    lives.putAll(this.store.lives());
    lives.forEach(
        (table, life) -> {
          if (!life.isComplete()) {
            requests.inherited(table, life.snapshot(), now);
          }
          listener.complete(table, life.isComplete());
        });
  }

  /**
   * Before each record: at the first of a run, begins anew what other rules left behind.
   *
   * @param joined tables whose rows are kept whatever the log carries
   */
  public void at(long offset, Set<String> joined) {
    last = offset;
    if (begun) {
      return;
    }
    begun = true;
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

  /** The change with what is known of its row filled in; stores nothing. */
  public ChangeEvent complete(ChangeEvent change, String row, long offset) {
    TableNeeds needed = needs.apply(change.table());
    if (change.operation() == Operation.INSERT
        || change.operation() == Operation.TRUNCATE
        || !Images.lacks(change, needed)) {
      return change;
    }
    TableLife life = lives.get(change.table());
    Optional<StoredRow> stored = stored(life, change.table(), row, offset);
    if (stored.isPresent() && Images.isAgain(stored.get(), change, offset)) {
      // It came first at an earlier offset, and all that it touches was touched there.
      return stored
          .get()
          .beforeChange(change.changeLsn())
          .or(() -> stored.get().newest().image())
          .map(image -> Images.filled(change, image))
          .orElse(change);
    }
    StoredRow.Recall recall =
        stored.map(of -> of.before(offset)).orElseGet(StoredRow.Recall.Absent::new);
    if (recall instanceof StoredRow.Recall.Row known
        && !Images.contradicts(change.before(), known.image())) {
      ChangeEvent filled = Images.filled(change, known.image());
      if (Images.lacks(filled, needed)) {
        listener.unknown(change.table(), "not_in_log");
      }
      return filled;
    }
    listener.unknown(change.table(), reason(life, row, change.table(), offset, recall));
    return change;
  }

  private Optional<StoredRow> stored(
      @Nullable TableLife life, String table, String row, long offset) {
    return life == null || !life.isAfterBegin(offset) || row.equals(table)
        ? Optional.empty()
        : store.row(table, life, row);
  }

  private static String reason(
      @Nullable TableLife life, String row, String table, long offset, StoredRow.Recall recall) {
    if (life == null) {
      return "not_stored";
    }
    if (row.equals(table)) {
      return "row_not_named";
    }
    if (recall instanceof StoredRow.Recall.Row) {
      return "contradiction";
    }
    if (!life.isAfterBegin(offset) || recall instanceof StoredRow.Recall.Forgotten) {
      return "forgotten";
    }
    return life.isCompleteAt(offset) ? "row_missing" : "incomplete";
  }

  /**
   * Stores what a change made of its row.
   *
   * @param change as {@link #complete} gave it back
   */
  public void keep(ChangeEvent change, String row, long offset) {
    String table = change.table();
    TableNeeds needed = needs.apply(table);
    if (needed.columns().isEmpty()) {
      return;
    }
    TableLife life = lives.get(table);
    boolean named = !row.equals(table);
    if (life == null) {
      if (needed.kept() || (named && Images.lacks(change, needed))) {
        begin(table, offset, true);
      }
    } else if (life.isAfterBegin(offset)) {
      if (change.operation() == Operation.TRUNCATE) {
        live(table, life.truncatedAt(offset));
        sweep.want();
      } else if (!named) {
        // Some row is another one now, and nobody knows which.
        begin(table, offset, true);
      } else {
        Optional<RowImage> image =
            change.operation() == Operation.DELETE
                ? Optional.empty()
                : Optional.of(Images.only(life.columns(), change.after()));
        StoredRow.Version version = new StoredRow.Version(offset, change.changeLsn(), image);
        if (!store
            .row(table, life, row)
            .map(of -> Images.isAgain(of, change, offset))
            .orElse(false)) {
          store(table, life, row, version);
        }
      }
    }
  }

  private void store(String table, TableLife life, String row, StoredRow.Version version) {
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

  /** Stores a row that a snapshot read. */
  public void read(SnapshotRow read, String row, long offset, Instant now) {
    TableLife life = lives.get(read.table());
    if (life == null || !life.isAfterBegin(offset) || row.equals(read.table())) {
      return;
    }
    requests.heard(read.table(), now);
    if (!life.columns().stream().allMatch(read.row()::knows)) {
      return;
    }
    Optional<StoredRow> stored = store.row(read.table(), life, row);
    RowImage itself = Images.only(life.columns(), read.row());
    if (stored.isPresent() && stored.get().newest().offset() >= offset) {
      // What later changes made of the row says nothing of what it was here.
      StoredRow.Version again = new StoredRow.Version(offset, 0, Optional.of(itself));
      reassert(read.table(), life, row, stored.get(), again, needs.apply(read.table()).indexed());
      return;
    }
    StoredRow.Version newest =
        stored
            .map(StoredRow::newest)
            .orElseGet(() -> new StoredRow.Version(-1, 0, Optional.of(RowImage.UNKNOWN)));
    // What a change made of the row is so still; only a value that its log left out is taken.
    Optional<RowImage> image =
        newest.lsn() == 0
            ? Optional.of(itself)
            : newest.image().map(made -> Images.merged(itself, made));
    image.ifPresent(
        of ->
            store(
                read.table(),
                life,
                row,
                new StoredRow.Version(offset, newest.lsn(), Optional.of(of))));
  }

  /** All rows that were asked for have come. */
  public void end(SnapshotEnd end, long offset, Instant now) {
    TableLife life = lives.get(end.table());
    if (life == null || !life.isAfterBegin(offset)) {
      return;
    }
    requests.heard(end.table(), now);
    if (!life.isComplete()
        && life.snapshot().equals(end.snapshot())
        && end.columns().containsAll(life.columns())) {
      live(end.table(), life.completeFrom(offset));
    }
  }

  /**
   * Changes may have been missed.
   *
   * @param settled whether from here on none will be
   */
  public void epoch(long offset, boolean settled) {
    new LinkedHashSet<>(lives.keySet()).forEach(table -> forget(table, offset, settled));
  }

  /** A change of a table, or of any where it is empty, could not be read. */
  public void forget(Optional<String> table, long offset) {
    table
        .map(Set::of)
        .orElseGet(() -> Set.copyOf(lives.keySet()))
        .forEach(each -> forget(each, offset, true));
  }

  private void forget(String table, long offset, boolean ask) {
    TableLife life = lives.get(table);
    if (life != null && life.isAfterBegin(offset)) {
      begin(table, offset, ask);
    }
  }

  private void begin(String table, long offset, boolean ask) {
    live(table, TableLife.begun(offset, needs.apply(table), ask ? ids.get() : ""));
    asking = true;
    sweep.want();
  }

  private void live(String table, TableLife life) {
    lives.put(table, life);
    store.put(table, life);
    listener.complete(table, life.isComplete());
  }

  /**
   * Rows of a table with a value in an indexed column, as they were at a record.
   *
   * @param after whether with what the record itself made
   * @param limit most rows to find, above 0
   */
  public Found find(
      String table, String column, String value, long offset, boolean after, int limit) {
    TableLife life = lives.get(table);
    if (life == null || !life.isCompleteAt(offset)) {
      return notKnown(table, "incomplete");
    }
    if (offset <= swept) {
      return notKnown(table, "forgotten");
    }
    Found found =
        new Lookup(store, table, life, after ? offset + 1 : offset).find(column, value, limit);
    if (found instanceof Found.NotKnown unknown) {
      listener.unknown(table, unknown.reason());
    }
    return found;
  }

  private Found.NotKnown notKnown(String table, String reason) {
    listener.unknown(table, reason);
    return new Found.NotKnown(reason);
  }

  /** What to ask the ingest for now; what is given back counts as asked. */
  public List<SnapshotRequest> requests(Instant now) {
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

  /** About once a second: asks again where that is due, and deletes what is of no use in slices. */
  public void tick(Instant now) {
    asking = true;
    if (begun) {
      swept = sweep.tick(now, last, lives);
      listener.entries(store.approximateEntries());
    }
  }
}
