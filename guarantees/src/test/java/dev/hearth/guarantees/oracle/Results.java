package dev.hearth.guarantees.oracle;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeSet;

/**
 * What every cache of a schema shows under every key, as PostgreSQL says: the oracle. Nothing of
 * Hearth's takes part in it.
 */
record Results(Map<CacheKey, String> rows) {
  record CacheKey(String cache, String key) implements Comparable<CacheKey> {
    @Override
    public int compareTo(CacheKey other) {
      int byCache = cache.compareTo(other.cache);
      return byCache != 0 ? byCache : key.compareTo(other.key);
    }
  }

  /** The rows of a key before and after, as text; empty where there are none. */
  record Change(String before, String after) {}

  static Results read(Connection connection, Drawn drawn) throws SQLException {
    Map<CacheKey, String> rows = new HashMap<>();
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(drawn.resultsSql())) {
      while (row.next()) {
        rows.put(new CacheKey(row.getString(1), row.getString(2)), row.getString(3));
      }
    }
    return new Results(rows);
  }

  /** Keys whose rows differ. */
  Map<CacheKey, Change> changedTo(Results after) {
    TreeSet<CacheKey> keys = new TreeSet<>(rows.keySet());
    keys.addAll(after.rows.keySet());
    Map<CacheKey, Change> changes = new LinkedHashMap<>();
    for (CacheKey key : keys) {
      Change change = new Change(rows.getOrDefault(key, ""), after.rows.getOrDefault(key, ""));
      if (!change.before().equals(change.after())) {
        changes.put(key, change);
      }
    }
    return changes;
  }

  /** How many keys there were or are, by cache. */
  Map<String, Integer> keysWith(Results after) {
    TreeSet<CacheKey> keys = new TreeSet<>(rows.keySet());
    keys.addAll(after.rows.keySet());
    Map<String, Integer> counts = new HashMap<>();
    keys.forEach(key -> counts.merge(key.cache(), 1, Integer::sum));
    return counts;
  }
}
