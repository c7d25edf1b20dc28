package dev.hearth.warmer.heat;

import dev.hearth.schemas.key.KeyTemplate;

/**
 * The keys that a cache can have. Reports come from outside: an invented key must neither push a
 * real one out of a bounded table nor be asked of the database. Immutable.
 */
final class CacheKeys {
  /** What stands between the literals of {@link KeyTemplate#shape}. */
  private static final String COLUMN = "{}";

  private final KeyTemplate template;
  private final String first;
  private final String last;

  CacheKeys(KeyTemplate template) {
    this.template = template;
    String shape = template.shape();
    this.first = shape.substring(0, shape.indexOf(COLUMN));
    this.last = shape.substring(shape.lastIndexOf(COLUMN) + COLUMN.length());
  }

  /**
   * Whether a key could be of this cache. Looks at both ends first: a pattern of many columns would
   * try the places of all separators before it finds that the end is another.
   */
  boolean contain(String key) {
    return key.startsWith(first) && key.endsWith(last) && template.matches(key);
  }
}
