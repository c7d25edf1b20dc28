package dev.hearth.invalidator.rows;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;

/**
 * Rows in the state store: lives of tables, rows by record key, and entries of an index from a
 * column's value to record keys. All in one store, so that nothing of it can get lost without the
 * word that the rest is complete. By the stream's thread alone.
 */
final class RowStore {
  private final KeyValueStore<Bytes, byte[]> store;

  RowStore(KeyValueStore<Bytes, byte[]> store) {
    this.store = store;
  }

  /** By table. */
  Map<String, TableLife> lives() {
    Map<String, TableLife> lives = new LinkedHashMap<>();
    try (KeyValueIterator<Bytes, byte[]> all = scan(StoreFormat.prefix(StoreFormat.LIFE))) {
      all.forEachRemaining(
          entry ->
              lives.put(StoreFormat.parts(entry.key.get()).get(1), StoreFormat.life(entry.value)));
    }
    return lives;
  }

  void put(String table, TableLife life) {
    store.put(Bytes.wrap(StoreFormat.key(StoreFormat.LIFE, table)), StoreFormat.life(life));
  }

  void remove(String table) {
    store.delete(Bytes.wrap(StoreFormat.key(StoreFormat.LIFE, table)));
  }

  Optional<StoredRow> row(String table, TableLife life, String row) {
    return Optional.ofNullable(store.get(rowKey(table, life, row)))
        .map(bytes -> StoreFormat.row(bytes, life.columns()));
  }

  void put(String table, TableLife life, String row, StoredRow stored) {
    store.put(rowKey(table, life, row), StoreFormat.row(stored, life.columns()));
  }

  private static Bytes rowKey(String table, TableLife life, String row) {
    return Bytes.wrap(StoreFormat.key(StoreFormat.ROW, table, life.incarnation(), row));
  }

  /**
   * Says that a row has a value in a column, or had it.
   *
   * @param until offset of the record that ended it; {@link RowIndex#LASTING} where nothing did
   */
  void putEntry(String table, TableLife life, String column, String value, String row, long until) {
    store.put(
        Bytes.wrap(
            StoreFormat.key(StoreFormat.ENTRY, table, life.incarnation(), column, value, row)),
        StoreFormat.number(until));
  }

  /** Rows that have or had a value in a column; keys by {@link #rowOf}; to be closed. */
  KeyValueIterator<Bytes, byte[]> entries(
      String table, TableLife life, String column, String value) {
    return scan(StoreFormat.prefix(StoreFormat.ENTRY, table, life.incarnation(), column, value));
  }

  /** The record key that an entry of the index ends with. */
  static String rowOf(Bytes entry) {
    List<String> parts = StoreFormat.parts(entry.get());
    return parts.get(parts.size() - 1);
  }

  /** What ended up to this offset may have been deleted; -1 where nothing was. */
  long swept() {
    byte[] bytes = store.get(Bytes.wrap(StoreFormat.key(StoreFormat.SWEPT)));
    return bytes == null ? -1 : StoreFormat.number(bytes);
  }

  void putSwept(long offset) {
    store.put(Bytes.wrap(StoreFormat.key(StoreFormat.SWEPT)), StoreFormat.number(offset));
  }

  /** Everything behind a key; to be closed. */
  KeyValueIterator<Bytes, byte[]> behind(Bytes key) {
    return store.range(key, null);
  }

  void delete(Bytes key) {
    store.delete(key);
  }

  long approximateEntries() {
    return store.approximateNumEntries();
  }

  private KeyValueIterator<Bytes, byte[]> scan(byte[] prefix) {
    return store.prefixScan(prefix, new ByteArraySerializer());
  }
}
