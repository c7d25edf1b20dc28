package dev.hearth.invalidator.derivation;

import dev.hearth.schemas.change.ChangeEvent;
import dev.hearth.schemas.change.RowImage;
import dev.hearth.schemas.change.SnapshotEnd;
import dev.hearth.schemas.change.SnapshotRequest;
import dev.hearth.schemas.change.SnapshotRow;
import java.util.List;
import java.util.Optional;
import org.apache.kafka.streams.processor.api.ProcessorContext;

/**
 * What is known of rows beyond what one change carries. Offsets are those of the changes topic, and
 * may come again after a crash. By the stream's thread alone.
 */
public interface KnownRows {
  /** How a task comes to its rows. */
  @FunctionalInterface
  interface Opening {
    /**
     * The rows of a task.
     *
     * @param context with the state store {@link InvalidationTopology#ROWS}
     */
    KnownRows open(ProcessorContext<?, ?> context);
  }

  /** Nothing is known. */
  KnownRows NONE = new NoRows();

  /** Before each record. */
  void at(long offset);

  /** The change with what is known of its row filled in; remembers nothing. */
  ChangeEvent complete(ChangeEvent change, String row, long offset);

  /** Remembers what a change made of its row. */
  void keep(ChangeEvent completed, String row, long offset);

  /** Remembers a row that a snapshot read. */
  void read(SnapshotRow read, String row, long offset);

  /** All rows that were asked for have come. */
  void end(SnapshotEnd end, long offset);

  /**
   * Changes may have been missed.
   *
   * @param settled whether none will be from here on
   */
  void epoch(long offset, boolean settled);

  /** A change of a table, or of any where it is empty, could not be read. */
  void forget(Optional<String> table, long offset);

  /** What to ask for now; what is given back counts as asked. */
  List<SnapshotRequest> requests();

  /** About once a second. */
  void tick();

  /**
   * Rows of a table with a value in a column as they were at a record, or that there are more than
   * a number of them, or that nobody can say.
   *
   * @param after whether with what the record itself made
   * @param limit above 0
   */
  Found find(String table, String column, String value, long offset, boolean after, int limit);

  /** What is found. */
  sealed interface Found {
    /** All of them. */
    record Matches(List<RowImage> rows) implements Found {
      /** Keeps a copy. */
      public Matches {
        rows = List.copyOf(rows);
      }
    }

    /** Not all of them are known. */
    record NotKnown() implements Found {}

    /** More than were asked for. */
    record TooMany() implements Found {}
  }
}
