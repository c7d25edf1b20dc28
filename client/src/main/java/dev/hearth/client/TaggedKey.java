package dev.hearth.client;

import dev.hearth.store.CacheKey;
import java.util.List;

/**
 * What a caller asks for: a key, and the tags that its entry is to depend on. Callers who name
 * other tags for the same key ask for something else.
 *
 * @param tags each once, in ascending order
 */
record TaggedKey(CacheKey key, List<CacheKey> tags) {
  /** As a flight is called in messages. */
  @Override
  public String toString() {
    return key.key();
  }
}
