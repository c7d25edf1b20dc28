package dev.hearth.invalidator.rows;

import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * What is remembered of the stored rows of one table. Immutable.
 *
 * @param since offset behind which these rows were gathered: nothing is known of the time up to it,
 *     and it names the rows, so that others of the table need not be deleted at once
 * @param columns what is stored of each row, in alphabetical order
 * @param indexed by which of them rows can be found, in alphabetical order
 * @param snapshot id of the snapshot that makes them complete; empty where none can be asked for
 *     yet
 * @param completeFrom offset behind which every row of the table is stored; {@link #NEVER} before
 *     the snapshot's end
 */
record TableLife(
    long since, List<String> columns, List<String> indexed, String snapshot, long completeFrom) {
  static final long NEVER = Long.MAX_VALUE;

  TableLife {
    columns = List.copyOf(columns);
    indexed = List.copyOf(indexed);
  }

  /** Nothing is stored yet. */
  static TableLife begun(long since, TableNeeds needed, String snapshot) {
    return new TableLife(since, needed.sorted(), sorted(needed), snapshot, NEVER);
  }

  /** Whether rules that need this find all in these rows; what is stored has no other index. */
  boolean isWhatIs(TableNeeds needed) {
    return columns.equals(needed.sorted()) && indexed.equals(sorted(needed));
  }

  private static List<String> sorted(TableNeeds needed) {
    return List.copyOf(new TreeSet<>(needed.indexed()));
  }

  /** Of an empty table: as complete as before. */
  TableLife truncatedAt(long offset) {
    return new TableLife(offset, columns, indexed, snapshot, completeFrom);
  }

  TableLife completeFrom(long offset) {
    return new TableLife(since, columns, indexed, snapshot, offset);
  }

  boolean isComplete() {
    return completeFrom != NEVER;
  }

  /** Whether every row that the table had at the record at an offset was stored then. */
  boolean isCompleteAt(long offset) {
    return offset > since && offset > completeFrom;
  }

  /** Whether a record can say something of these rows. */
  boolean isAfterBegin(long offset) {
    return offset > since;
  }

  /** Tells these rows from all others of the table. */
  String incarnation() {
    // Without an index as earlier versions had it.
    return String.format("%016x%08x", since, columns.hashCode() ^ Set.copyOf(indexed).hashCode());
  }
}
