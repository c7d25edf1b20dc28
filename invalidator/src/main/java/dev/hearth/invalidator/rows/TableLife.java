package dev.hearth.invalidator.rows;

import java.util.List;

/**
 * What is remembered of the stored rows of one table. Immutable.
 *
 * @param since offset behind which these rows were gathered: nothing is known of the time up to it,
 *     and it names the rows, so that others of the table need not be deleted at once
 * @param columns what is stored of each row, in alphabetical order
 * @param snapshot id of the snapshot that makes them complete; empty where none can be asked for
 *     yet
 * @param completeFrom offset behind which every row of the table is stored; {@link #NEVER} before
 *     the snapshot's end
 */
record TableLife(long since, List<String> columns, String snapshot, long completeFrom) {
  static final long NEVER = Long.MAX_VALUE;

  TableLife {
    columns = List.copyOf(columns);
  }

  /** Nothing is stored yet. */
  static TableLife begun(long since, List<String> columns, String snapshot) {
    return new TableLife(since, columns, snapshot, NEVER);
  }

  /** Of an empty table: as complete as before. */
  TableLife truncatedAt(long offset) {
    return new TableLife(offset, columns, snapshot, completeFrom);
  }

  TableLife completeFrom(long offset) {
    return new TableLife(since, columns, snapshot, offset);
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
    return String.format("%016x%08x", since, columns.hashCode());
  }
}
