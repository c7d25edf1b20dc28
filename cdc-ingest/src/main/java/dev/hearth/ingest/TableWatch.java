package dev.hearth.ingest;

import dev.hearth.ingest.capture.TableMarks;
import dev.hearth.ingest.position.TableIdentities;
import dev.hearth.schemas.change.ChangeEvent;
import dev.hearth.schemas.change.Operation;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.LongSupplier;

/**
 * Notices what befalls whole tables without a change of any row in the log: columns altered, rows
 * written anew, tables dropped and made again, partitions truncated, attached or detached. Such a
 * table is distrusted until that is on the topic. What happened while nobody watched is told from
 * what was on the topic before. Thread-safe.
 */
final class TableWatch {
  /**
   * How long the log may take to tell of the TRUNCATE that made another file. A table that it does
   * not tell of is stale for as long.
   */
  static final Duration DOUBT = Duration.ofSeconds(1);

  /** Another file by a transaction of which the log may still tell that it was a TRUNCATE. */
  private record Doubt(int writer, long sinceNanos) {}

  /**
   * What is on the topic of the tables.
   *
   * @param state another one whenever the rest may be
   * @param digests by table; one that is distrusted is left out
   */
  record Told(long state, Map<String, String> digests) {}

  private final LongSupplier nanos;

  /** By table, with a number of the occasion. */
  private final Map<String, Long> distrusted = new TreeMap<>();

  private final Map<String, Doubt> doubted = new TreeMap<>();

  /** By table, the lower 32 bits of the transaction of the last TRUNCATE that was published. */
  private final Map<String, Integer> truncations = new TreeMap<>();

  private long occasions;
  private long state;
  private Optional<TableIdentities> definitions = Optional.empty();
  private Optional<TableMarks> marks = Optional.empty();

  /**
   * Watches nothing yet.
   *
   * @param nanos a clock such as {@link System#nanoTime}
   */
  TableWatch(LongSupplier nanos) {
    this.nanos = nanos;
  }

  /**
   * How the tables are where an epoch is kept that others may have led before. Only the first time:
   * from then on the watch goes on by itself.
   *
   * @param tables that are followed
   * @param told digests, by table, of what was on the topic; a table without one is distrusted
   * @return tables that are distrusted for it
   */
  synchronized Set<String> resumed(TableMarks now, Set<String> tables, Map<String, String> told) {
    Set<String> untold = new TreeSet<>();
    if (marks.isEmpty()) {
      for (String table : tables) {
        TableMarks.Mark mark = now.byTable().get(table);
        if (mark == null || !mark.digest().equals(told.get(table))) {
          distrust(table);
          untold.add(table);
        }
      }
      marks = Optional.of(now);
    }
    return untold;
  }

  /** How the tables are defined now. */
  synchronized void defined(TableIdentities now) {
    definitions.ifPresent(before -> now.changedSince(before).forEach(this::distrust));
    definitions = Optional.of(now);
  }

  /**
   * How the tables are now.
   *
   * @return tables that other partitions than before belong to, so that the catalog is to be read
   *     again
   */
  synchronized Set<String> marked(TableMarks now) {
    TableMarks before = marks.orElse(now);
    if (!marks.equals(Optional.of(now))) {
      marks = Optional.of(now);
      state++;
    }
    for (String table : now.changedSince(before)) {
      OptionalInt writer = now.writerOfTheFileAlone(before, table);
      Integer truncated = truncations.remove(table);
      if (writer.isEmpty()) {
        distrust(table);
      } else if (truncated == null || truncated != writer.getAsInt()) {
        Doubt earlier = doubted.get(table);
        long since = earlier == null ? nanos.getAsLong() : earlier.sinceNanos();
        doubted.put(table, new Doubt(writer.getAsInt(), since));
      }
    }
    return now.attachedOrDetachedSince(before);
  }

  /**
   * A change is published. The TRUNCATE of a table voids all that whatever was done to its file
   * before it, or by its own transaction, could make old.
   */
  void published(ChangeEvent change) {
    if (change.operation() != Operation.TRUNCATE) {
      return;
    }
    synchronized (this) {
      int transaction = (int) change.transaction();
      truncations.put(change.table(), transaction);
      Doubt doubt = doubted.get(change.table());
      if (doubt != null && doubt.writer() == transaction) {
        doubted.remove(change.table());
        state++;
      }
    }
  }

  private void distrust(String table) {
    doubted.remove(table);
    distrusted.put(table, ++occasions);
    state++;
  }

  /**
   * Tables of which it is not on the topic yet that anything may have changed, with occasions.
   *
   * @param above occasions up to this one are left out
   */
  synchronized Map<String, Long> distrusted(long above) {
    if (!doubted.isEmpty()) {
      long now = nanos.getAsLong();
      Map<String, Doubt> since = new TreeMap<>(doubted);
      since.values().removeIf(doubt -> now - doubt.sinceNanos() < DOUBT.toNanos());
      since.keySet().forEach(this::distrust);
    }
    Map<String, Long> since = new TreeMap<>(distrusted);
    since.values().removeIf(occasion -> occasion <= above);
    return since;
  }

  /** It is on the topic; unless there was another occasion since, that is all. */
  synchronized void told(String table, long occasion) {
    if (distrusted.remove(table, occasion)) {
      state++;
    }
  }

  /**
   * What is on the topic now.
   *
   * @param except a state that is known; then empty
   */
  synchronized Optional<Told> told(long except) {
    if (state == except) {
      return Optional.empty();
    }
    Map<String, String> digests = new TreeMap<>();
    marks
        .map(TableMarks::byTable)
        .orElse(Map.of())
        .forEach(
            (table, mark) -> {
              if (!distrusted.containsKey(table) && !doubted.containsKey(table)) {
                digests.put(table, mark.digest());
              }
            });
    return Optional.of(new Told(state, digests));
  }
}
