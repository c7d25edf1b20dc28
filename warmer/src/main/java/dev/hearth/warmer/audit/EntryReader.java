package dev.hearth.warmer.audit;

import dev.hearth.schemas.position.Position;
import dev.hearth.store.CacheKey;
import dev.hearth.store.Value;
import java.util.Optional;
import java.util.concurrent.CompletionStage;

/** Reads entries as a reader would believe them, without taking a lease. Thread-safe. */
@FunctionalInterface
public interface EntryReader {

  /** The entry; empty where a reader would not get one. */
  CompletionStage<Optional<Entry>> read(CacheKey key);

  /**
   * An entry in a store.
   *
   * @param stamp the entry is at least as new
   * @param applied A, read before or with the entry
   */
  record Entry(Value value, Position stamp, Position applied) {}
}
