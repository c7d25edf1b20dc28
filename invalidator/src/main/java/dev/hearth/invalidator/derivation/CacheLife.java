package dev.hearth.invalidator.derivation;

/**
 * What the derivation remembers of one cache. Immutable.
 *
 * @param generation the last one; 0 before the first
 * @param dueUpTo a new generation is due at every record up to this offset. When one was raised at
 *     a record, this is that record's offset: to meet the record again means that it was not
 *     committed, so that what it raised may be lost and has to be raised again
 * @param reason why, one word; empty where nothing was ever due
 * @param rules fingerprint of the rules under which it was last raised; empty where none is known
 */
record CacheLife(long generation, long dueUpTo, String reason, String rules) {
  /** Of a cache that nothing is remembered of. */
  static final CacheLife UNKNOWN = new CacheLife(0, -1, "", "");

  /** Due at the first record whose position can be read. */
  private static final long NEXT = Long.MAX_VALUE;

  boolean isDueAt(long offset) {
    return dueUpTo >= offset;
  }

  CacheLife due(String why) {
    return new CacheLife(generation, NEXT, why, rules);
  }

  CacheLife raisedTo(long next) {
    return new CacheLife(next, dueUpTo, reason, rules);
  }

  /** Nothing is due behind this record, and what it raised is of these rules. */
  CacheLife settledAt(long offset, String underRules) {
    return new CacheLife(generation, offset, reason, underRules);
  }

  /** For the state store. */
  String text() {
    return String.join(",", Long.toString(generation), Long.toString(dueUpTo), reason, rules);
  }

  static CacheLife parse(String text) {
    String[] parts = text.split(",", -1);
    if (parts.length != 4) {
      throw new IllegalArgumentException(
          "\"" + text + "\" is no cache's life; expected generation,dueUpTo,reason,rules");
    }
    return new CacheLife(Long.parseLong(parts[0]), Long.parseLong(parts[1]), parts[2], parts[3]);
  }
}
