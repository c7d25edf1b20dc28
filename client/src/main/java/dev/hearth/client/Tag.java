package dev.hearth.client;

import dev.hearth.store.CacheKey;

/**
 * Something that an entry depends on beside its own key, such as the products of a category: where
 * a rule names the tag's key, every entry that was filled under the tag is read no more.
 *
 * @param group name in the configuration, of mode {@code tag}
 * @param key as the group's template has it, such as {@code category-products:17}
 */
public record Tag(String group, String key) {
  CacheKey cacheKey() {
    return new CacheKey(group, key);
  }

  @Override
  public String toString() {
    return key;
  }
}
