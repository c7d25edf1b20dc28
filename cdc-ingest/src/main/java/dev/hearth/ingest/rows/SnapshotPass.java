package dev.hearth.ingest.rows;

import dev.hearth.schemas.change.ChangeEvent;
import dev.hearth.schemas.change.Operation;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One pass over the rows of a table, chunk by chunk, between the changes that are published
 * meanwhile. Deterministic and without I/O; not thread-safe, it belongs to the loop that publishes.
 *
 * <p><b>Claim.</b> Each row that {@link #take} gives away is the row as the changes published until
 * then have made it: none of them is missing, and nothing is in it of a change that is published
 * later.
 *
 * <p><b>Why.</b> A chunk is opened, then selected; then U is read, an LSN that everything the
 * select saw was logged before. (1) A change that was published before the chunk was opened had
 * passed the gate: the select sees it. (2) A change that the select sees has its commit record
 * before U, so it is published once the watermark W is at or above U; rows are given away only
 * then. So whatever the select and the published changes disagree on was published since the chunk
 * was opened, and has been noted. A row that was noted with all its columns has come as a change,
 * and is dropped; so is everything that was selected when the table was truncated. An UPDATE that
 * left a column out, a large value, did not touch it: if every noted change of a row leaves the
 * column out, its value was the same throughout, and the selected one is it; the noted values of
 * the other columns replace the selected ones.
 *
 * <p>A row that came into being with a column left out (its identity changed, and a large value did
 * not) is read again by its key. A change that does not say which row it is of makes the pass begin
 * again.
 */
public final class SnapshotPass {
  /** Above it, a chunk's select takes too long beside the changes, and is made again. */
  static final int MOST_NOTES = 200_000;

  /** Above it, the pass begins again. */
  static final int MOST_AGAIN = 10_000;

  /** What is to be done next. */
  public sealed interface Step {}

  /** Select the next rows behind a place; empty: from the beginning. */
  public record SelectAfter(Optional<List<String>> place) implements Step {}

  /** Select just these rows. */
  public record SelectRows(Set<String> keys) implements Step {}

  /** Nothing before other things have happened. */
  public record Wait() implements Step {}

  /** All rows have been given away. */
  public record End() implements Step {}

  /** A change said nothing of its row: begin a new pass. */
  public record BeginAgain() implements Step {}

  private enum Chunk {
    NONE,
    SELECTING,
    HELD
  }

  /** What was published of a row: its last values where it is not known as a whole. */
  private sealed interface Note {}

  private record Known() implements Note {}

  private record Partly(Map<String, @Nullable String> columns) implements Note {}

  private final Set<String> columns;
  private final Map<String, Note> notes = new HashMap<>();
  private final LinkedHashMap<String, SelectedRow> held = new LinkedHashMap<>();
  private final Set<String> again = new LinkedHashSet<>();
  private Chunk chunk = Chunk.NONE;
  private Optional<List<String>> place = Optional.empty();
  private boolean exhausted;
  private boolean discard;
  private boolean lost;
  private long reached;

  /**
   * A pass that has read nothing.
   *
   * @param columns that are requested of each row
   */
  public SnapshotPass(Set<String> columns) {
    this.columns = Set.copyOf(columns);
  }

  /** What to do now. A select that it names must be begun after {@link #opened}. */
  public Step next() {
    if (lost) {
      return new BeginAgain();
    }
    if (chunk != Chunk.NONE) {
      return new Wait();
    }
    if (!exhausted) {
      return new SelectAfter(place);
    }
    return again.isEmpty() ? new End() : new SelectRows(new LinkedHashSet<>(again));
  }

  /** A select begins: from here on, what is published is noted. */
  public void opened() {
    chunk = Chunk.SELECTING;
    discard = false;
    notes.clear();
    if (exhausted) {
      again.clear();
    }
  }

  /** The select came to nothing: it is to be made again. */
  public void failed(Step selected) {
    chunk = Chunk.NONE;
    notes.clear();
    if (selected instanceof SelectRows some) {
      again.addAll(some.keys());
    }
  }

  /**
   * What was selected.
   *
   * @param behind the place behind the last of the rows; empty where there are no more
   * @param upTo an LSN that everything the select saw was logged before
   */
  public void selected(
      Step step, List<SelectedRow> rows, Optional<List<String>> behind, long upTo) {
    if (notes.size() > MOST_NOTES) {
      failed(step);
      return;
    }
    if (step instanceof SelectAfter) {
      place = behind;
      exhausted = behind.isEmpty();
    }
    if (!discard) {
      for (SelectedRow row : rows) {
        Note note = notes.get(row.key());
        if (note == null) {
          held.put(row.key(), row);
        } else if (note instanceof Partly partly) {
          held.put(row.key(), row.with(partly.columns()));
        }
      }
    }
    notes.clear();
    reached = upTo;
    chunk = Chunk.HELD;
  }

  /**
   * A change of the table is published just now.
   *
   * @param key its record key; empty where it does not say which row it is of
   */
  public void published(Optional<String> key, ChangeEvent change) {
    if (change.operation() == Operation.TRUNCATE) {
      held.clear();
      notes.clear();
      again.clear();
      discard = true;
    } else if (key.isEmpty()) {
      lost = true;
    } else if (change.operation() == Operation.DELETE
        || change.after().columns().keySet().containsAll(columns)) {
      note(key.get());
      again.remove(key.get());
    } else if (change.operation() == Operation.INSERT) {
      note(key.get());
      again.add(key.get());
      lost |= again.size() > MOST_AGAIN;
    } else {
      note(key.get(), change.after().columns());
    }
  }

  /** The row is not to be given away: it has come as a change, or is read again. */
  private void note(String key) {
    if (chunk == Chunk.SELECTING && notes.size() <= MOST_NOTES) {
      notes.put(key, new Known());
    }
    held.remove(key);
  }

  private void note(String key, Map<String, @Nullable String> newer) {
    if (chunk == Chunk.SELECTING && notes.size() <= MOST_NOTES) {
      Note before = notes.get(key);
      if (!(before instanceof Known)) {
        Map<String, @Nullable String> both =
            before instanceof Partly partly
                ? new LinkedHashMap<>(partly.columns())
                : new LinkedHashMap<>();
        both.putAll(newer);
        both.keySet().retainAll(columns);
        notes.put(key, new Partly(both));
      }
    }
    held.computeIfPresent(
        key,
        (same, row) -> {
          Map<String, @Nullable String> requested = new LinkedHashMap<>(newer);
          requested.keySet().retainAll(columns);
          return row.with(requested);
        });
  }

  /**
   * Rows to publish now, before anything else is.
   *
   * @param watermark everything with a commit record at or before it is published
   */
  public List<SelectedRow> take(long watermark, int most) {
    List<SelectedRow> taken = new ArrayList<>();
    if (lost || chunk != Chunk.HELD || Long.compareUnsigned(watermark, reached) < 0) {
      return taken;
    }
    for (Iterator<SelectedRow> each = held.values().iterator();
        each.hasNext() && taken.size() < most; ) {
      taken.add(each.next());
      each.remove();
    }
    if (held.isEmpty()) {
      chunk = Chunk.NONE;
    }
    return taken;
  }
}
