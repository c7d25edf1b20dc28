package dev.hearth.client;

import dev.hearth.store.CacheKey;
import dev.hearth.store.FencedStore;
import dev.hearth.store.FillOutcome;
import dev.hearth.store.Lease;
import dev.hearth.store.ReadOutcome;
import dev.hearth.store.TagToken;
import dev.hearth.store.Value;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;

/** A store as it must not be used: entries are filled under the tokens of the time of the fill. */
final class TokensReadAfterTheLoad implements FencedStore {
  private final FencedStore store;
  private final Map<CacheKey, List<CacheKey>> tags = new ConcurrentHashMap<>();

  TokensReadAfterTheLoad(FencedStore store) {
    this.store = store;
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
  public CompletionStage<ReadOutcome> get(CacheKey key, List<CacheKey> under) {
    tags.put(key, under);
    return store.get(key, under);
  }

  @Override
  public CompletionStage<FillOutcome> fill(CacheKey key, Lease lease, Value value, Duration ttl) {
    if (lease.tags().isEmpty()) {
      return store.fill(key, lease, value, ttl);
    }
    CacheKey probe = new CacheKey(key.cache(), key.key() + ":probe");
    List<TagToken> now =
        ((ReadOutcome.Granted)
                store
                    .get(probe, Objects.requireNonNull(tags.get(key)))
                    .toCompletableFuture()
                    .join())
            .lease()
            .tags();
    Lease late = new Lease(lease.token(), lease.applied(), lease.raised(), lease.era(), now);
    return store.fill(key, late, value, ttl);
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
