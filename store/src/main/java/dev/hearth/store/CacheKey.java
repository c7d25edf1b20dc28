package dev.hearth.store;

/**
 * A key, and the cache that it belongs to.
 *
 * @param cache name in the configuration
 * @param key as the application calls it, such as {@code product:42}
 */
public record CacheKey(String cache, String key) {
  @Override
  public String toString() {
    return key;
  }
}
