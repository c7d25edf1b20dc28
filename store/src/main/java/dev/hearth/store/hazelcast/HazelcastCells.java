package dev.hearth.store.hazelcast;

import com.hazelcast.nio.serialization.HazelcastSerializationException;
import dev.hearth.store.CacheKey;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Reads cells with the records that speak for them, by one {@code getAll}: of each Hazelcast
 * partition everything is of one moment. Blocks. Thread-safe.
 */
record HazelcastCells(HazelcastLayout layout) {

  /** A cell and its record, as they were found at one moment. */
  record Found(@Nullable Object cell, @Nullable Object meta) {}

  Map<CacheKey, Found> read(List<CacheKey> keys) {
    Set<String> names = new HashSet<>();
    keys.forEach(
        key -> {
          names.add(layout.metaKey(key));
          names.add(HazelcastLayout.cellKey(key));
        });
    Map<CacheKey, Found> found = new HashMap<>();
    try {
      Map<String, Object> values = layout.entries().getAll(names);
      for (CacheKey key : keys) {
        Object cell = values.get(HazelcastLayout.cellKey(key));
        found.put(key, new Found(cell, values.get(layout.metaKey(key))));
      }
    } catch (HazelcastSerializationException e) {
      if (keys.size() > 1) {
        // Which of them it is nobody says.
        keys.forEach(key -> found.putAll(read(List.of(key))));
      } else {
        // Nor which of the two; without the record the cell does not matter.
        CacheKey key = keys.get(0);
        Object meta = Unreadable.get(layout.entries(), layout.metaKey(key));
        found.put(key, new Found(Unreadable.VALUE, meta));
      }
    }
    return found;
  }
}
