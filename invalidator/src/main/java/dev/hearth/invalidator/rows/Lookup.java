package dev.hearth.invalidator.rows;

import dev.hearth.schemas.change.RowImage;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.state.KeyValueIterator;

/** Finds rows of a complete table as they were before an offset. */
final class Lookup {
  private final RowStore store;
  private final String table;
  private final TableLife life;
  private final long before;

  Lookup(RowStore store, String table, TableLife life, long before) {
    this.store = store;
    this.table = table;
    this.life = life;
    this.before = before;
  }

  /**
   * Those with a value in a column; nobody can say where there is a row whose value is not known.
   */
  Found find(String column, String value, int limit) {
    Found strangers = scan(RowIndex.unknown(column), 1, image -> !image.knows(column));
    if (strangers instanceof Found.Matches none && none.rows().isEmpty()) {
      return scan(
          new RowIndex.Entry(column, value),
          limit,
          image -> image.value(column).equals(Optional.of(value)));
    }
    return strangers instanceof Found.NotKnown ? strangers : new Found.NotKnown("not_in_log");
  }

  private Found scan(RowIndex.Entry of, int limit, Predicate<RowImage> matches) {
    List<RowImage> rows = new ArrayList<>();
    try (KeyValueIterator<Bytes, byte[]> entries =
        store.entries(table, life, of.column(), of.value())) {
      while (entries.hasNext()) {
        KeyValue<Bytes, byte[]> entry = entries.next();
        if (StoreFormat.number(entry.value) < before) {
          continue;
        }
        StoredRow.Recall recall =
            store
                .row(table, life, RowStore.rowOf(entry.key))
                .map(row -> row.before(before))
                .orElseGet(StoredRow.Recall.Absent::new);
        if (recall instanceof StoredRow.Recall.Forgotten) {
          return new Found.NotKnown("forgotten");
        }
        if (recall instanceof StoredRow.Recall.Row row && matches.test(row.image())) {
          if (rows.size() == limit) {
            return new Found.TooMany();
          }
          rows.add(row.image());
        }
      }
    }
    return new Found.Matches(rows);
  }
}
