package dev.hearth.warmer.audit;

import dev.hearth.schemas.position.Position;
import dev.hearth.store.CacheKey;
import dev.hearth.store.FencedStore;
import dev.hearth.store.Value;
import java.util.Optional;
import java.util.concurrent.CompletionStage;

/** Reads entries for an audit. Thread-safe. */
@FunctionalInterface
public interface EntryReader {

  /** The entry; empty where a reader would not get one. */
  CompletionStage<Optional<Entry>> read(CacheKey key);

  /** Entries as a reader gets them; looking takes no lease. */
  static EntryReader believed(FencedStore store) {
    return key ->
        store
            .peek(key)
            .thenApply(
                found -> found.map(hit -> new Entry(hit.value(), hit.stamp(), hit.applied())));
  }

  /** Entries as any client gets them; nothing vouches for when they were true. */
  static EntryReader raw(FencedStore store) {
    return key ->
        store
            .raw(key)
            .thenApply(
                found ->
                    found.map(bytes -> new Entry(Value.of(bytes), Position.NONE, Position.NONE)));
  }

  /**
   * An entry in a store.
   *
   * @param stamp the entry is at least as new
   * @param applied A, read before or with the entry
   */
  record Entry(Value value, Position stamp, Position applied) {}
}
