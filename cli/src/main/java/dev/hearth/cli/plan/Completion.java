package dev.hearth.cli.plan;

import dev.hearth.schemas.change.ChangeEvent;
import dev.hearth.schemas.change.Operation;
import dev.hearth.schemas.change.RowImage;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Fills in what a change does not carry, as well as it can be done from outside. By one thread.
 *
 * <p>A running derivation keeps the columns that its rules read, row by row. Here, new values that
 * were not captured are those of the row now; old ones are those of the last change of the row that
 * was seen, and before the first one the new ones. Of a deleted row that was never seen, nothing is
 * known beyond what the log carries.
 */
final class Completion {
  private static final int MOST_ROWS = 100_000;
  private static final float LOAD_FACTOR = 0.75f;

  private final PresentRows source;
  private final LinkedHashMap<String, RowImage> seen =
      new LinkedHashMap<>(16, LOAD_FACTOR, true) {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, RowImage> eldest) {
          return size() > MOST_ROWS;
        }
      };

  Completion(PresentRows source) {
    this.source = source;
  }

  /**
   * A change with all that could be found.
   *
   * @param readNow columns whose new value is that of the row now
   * @param assumed columns whose old value is taken to be the new one
   */
  record Completed(ChangeEvent change, Set<String> readNow, Set<String> assumed) {
    /** Those of the columns that are still not known. */
    Set<String> lacks(Set<String> columns, Set<String> ofDeleted) {
      if (change.operation() == Operation.TRUNCATE) {
        return Set.of();
      }
      boolean deleted = change.operation() == Operation.DELETE;
      Set<String> lacking = new HashSet<>(deleted ? ofDeleted : columns);
      lacking.removeIf((deleted ? change.before() : change.after())::knows);
      return lacking;
    }
  }

  /**
   * Completes a change.
   *
   * @param key of its record
   * @param wanted columns that any rule reads of the table
   */
  Completed complete(ChangeEvent change, String key, Set<String> wanted) {
    if (wanted.isEmpty() || change.operation() == Operation.TRUNCATE) {
      return new Completed(change, Set.of(), Set.of());
    }
    boolean named = !key.equals(change.table());
    Optional<RowImage> last = named ? Optional.ofNullable(seen.remove(key)) : Optional.empty();
    Map<String, @Nullable String> after = new LinkedHashMap<>(change.after().columns());
    Map<String, @Nullable String> before = new LinkedHashMap<>(change.before().columns());
    Set<String> readNow = new HashSet<>();
    Set<String> assumed = new HashSet<>();
    if (change.operation() != Operation.DELETE) {
      if (named && !after.keySet().containsAll(wanted)) {
        source.row(change.table(), key).ifPresent(now -> readNow.addAll(fill(after, now, wanted)));
      }
      if (named) {
        seen.put(key, new RowImage(after));
      }
    }
    if (change.operation() != Operation.INSERT) {
      last.ifPresent(image -> fill(before, image, wanted));
    }
    if (change.operation() == Operation.UPDATE) {
      assumed.addAll(fill(before, new RowImage(after), wanted));
    }
    return new Completed(
        new ChangeEvent(
            change.table(),
            change.operation(),
            new RowImage(before),
            new RowImage(after),
            change.transaction(),
            change.changeLsn(),
            change.position(),
            change.committedAt(),
            change.capturedAt()),
        readNow,
        assumed);
  }

  /** Takes over what is wanted and missing, and says which. */
  private static Set<String> fill(
      Map<String, @Nullable String> row, RowImage from, Set<String> wanted) {
    Set<String> filled = new HashSet<>();
    for (String column : wanted) {
      if (!row.containsKey(column) && from.knows(column)) {
        row.put(column, from.value(column).orElse(null));
        filled.add(column);
      }
    }
    return filled;
  }
}
