package dev.hearth.warmer.audit;

import java.util.List;
import java.util.Map;
import java.util.Set;

/** Reads the same keys from the primary; thread-safe. */
@FunctionalInterface
public interface RowReader {

  /**
   * Reads a batch as of now.
   *
   * @throws RuntimeException whose message is one sentence without values of rows
   */
  Rows read(List<String> keys);

  /**
   * What the database said; a key that is in neither cannot be compared.
   *
   * @param absent keys that surely have no row
   */
  record Rows(Map<String, byte[]> found, Set<String> absent) {
    public Rows {
      found = Map.copyOf(found);
      absent = Set.copyOf(absent);
    }
  }
}
