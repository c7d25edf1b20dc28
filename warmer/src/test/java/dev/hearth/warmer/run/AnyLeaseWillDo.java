package dev.hearth.warmer.run;

import dev.hearth.store.CacheKey;
import dev.hearth.store.FencedStore;
import dev.hearth.store.FillOutcome;
import dev.hearth.store.Lease;
import dev.hearth.store.ReadOutcome;
import dev.hearth.store.Value;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.stream.Stream;

/**
 * A store that has one protection less: a fill is not held to the lease that it was begun under,
 * but takes a new one where that is gone. So it writes what it has read whenever it comes, as a
 * plain SET would.
 */
final class AnyLeaseWillDo implements FencedStore {
  private final FencedStore store;

  AnyLeaseWillDo(FencedStore store) {
    this.store = store;
  }

  @Override
  public CompletionStage<FillOutcome> fill(CacheKey key, Lease lease, Value value, Duration ttl) {
    return store
        .fill(key, lease, value, ttl)
        .thenCompose(
            outcome ->
                outcome == FillOutcome.STORED
                    ? CompletableFuture.completedStage(outcome)
                    : store
                        .get(key)
                        .thenCompose(
                            again ->
                                again instanceof ReadOutcome.Granted granted
                                    ? store.fill(key, granted.lease(), value, ttl)
                                    : CompletableFuture.completedStage(outcome)));
  }

  @Override
  public String name() {
    return store.name();
  }

  @Override
  public CompletionStage<ReadOutcome> get(CacheKey key) {
    return store.get(key);
  }

  @Override
  public CompletionStage<ReadOutcome> get(CacheKey key, List<CacheKey> tags) {
    return store.get(key, tags);
  }

  @Override
  public CompletionStage<Optional<ReadOutcome.Hit>> peek(CacheKey key) {
    return store.peek(key);
  }

  @Override
  public CompletionStage<Void> release(CacheKey key, Lease lease) {
    return store.release(key, lease);
  }

  @Override
  public Stream<String> keys(String cache, String prefix) {
    return store.keys(cache, prefix);
  }

  @Override
  public void close() {
    store.close();
  }
}
