package dev.hearth.ingest.rows;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A row as a query read it.
 *
 * @param key record key that changes of the row have
 * @param columns the requested ones
 */
public record SelectedRow(String key, Map<String, @Nullable String> columns) {
  public SelectedRow {
    columns = Collections.unmodifiableMap(new LinkedHashMap<>(columns));
  }

  SelectedRow with(Map<String, @Nullable String> newer) {
    Map<String, @Nullable String> both = new LinkedHashMap<>(columns);
    both.putAll(newer);
    return new SelectedRow(key, both);
  }
}
