package dev.hearth.store;

import java.util.Optional;

/**
 * A tag as it was read: what stands under it, and the record that speaks for it, of one moment.
 *
 * <p>It need not be the moment at which the entry was read, nor come before it: a token never comes
 * back once an invalidation has taken it, so that one which is found after a read began was there
 * at all times before, back to the load of the entry that carries it.
 */
public record TagRead(CacheKey tag, Optional<Cell> cell, Optional<Meta> meta) {
  /** The token, where the tag's entry is believed as any entry is. */
  Optional<TagToken> token() {
    return meta.isPresent()
            && cell.isPresent()
            && cell.get() instanceof Cell.Entry entry
            && entry.tags().isEmpty()
            && entry.era().equals(meta.get().era(tag.cache()))
        ? TagToken.of(entry.value())
        : Optional.empty();
  }
}
