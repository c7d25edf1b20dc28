package dev.hearth.guarantees.oracle;

import java.util.List;

/**
 * What a cache shows, and the rules that a person derives from it. The query comes first: that the
 * rules cover it is what is tested.
 *
 * @param cache its name
 * @param key template of the cache's keys
 * @param sql over all keys: the key's text, and the text of one row of what is shown under it
 */
record CachedQuery(String cache, String key, String sql, List<DerivedRule> rules) {
  CachedQuery {
    rules = List.copyOf(rules);
  }
}
