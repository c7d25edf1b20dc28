package dev.hearth.invalidator.lineage;

import java.nio.charset.StandardCharsets;

/**
 * Whose events: those of a key, of a cache as a whole, or of everything in a partition.
 *
 * @param partition of the invalidations
 * @param cache empty where it is everything
 * @param key empty unless it is a key
 */
record Subject(Kind kind, int partition, String cache, String key) {
  /** How much of the caches it stands for. */
  enum Kind {
    KEY,
    CACHE,
    EVERYTHING,
    /** None: the pages themselves, see {@link LineageFiles}. */
    PAGES
  }

  static final Subject PAGES = new Subject(Kind.PAGES, 0, "", "");

  static Subject key(int partition, String cache, String key) {
    return new Subject(Kind.KEY, partition, cache, key);
  }

  static Subject cache(int partition, String cache) {
    return new Subject(Kind.CACHE, partition, cache, "");
  }

  static Subject everything(int partition) {
    return new Subject(Kind.EVERYTHING, partition, "", "");
  }

  /** Equal exactly where the subjects are; a cache's name holds no white space. */
  byte[] bytes() {
    return (kind.ordinal() + " " + partition + " " + cache + " " + key)
        .getBytes(StandardCharsets.UTF_8);
  }

  /** FNV-1a, 64 bits: several subjects may share one. */
  static long hash(byte[] bytes) {
    long hash = 0xcbf29ce484222325L;
    for (byte each : bytes) {
      hash = (hash ^ (each & 0xFF)) * 0x100000001b3L;
    }
    return hash;
  }
}
