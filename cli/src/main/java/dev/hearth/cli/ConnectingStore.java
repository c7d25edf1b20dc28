package dev.hearth.cli;

import dev.hearth.store.CacheKey;
import dev.hearth.store.FencedStore;
import dev.hearth.store.FillOutcome;
import dev.hearth.store.Lease;
import dev.hearth.store.Meta;
import dev.hearth.store.ReadOutcome;
import dev.hearth.store.StoreRoom;
import dev.hearth.store.StoreUnavailableException;
import dev.hearth.store.Value;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A store that is connected when it is first used, and tried again no more than once a second: so a
 * process starts, and serves its other stores, while one is away. Thread-safe.
 */
final class ConnectingStore implements FencedStore {
  private static final long RETRY_NANOS = Duration.ofSeconds(1).toNanos();

  private final String name;
  private final Supplier<FencedStore> connect;
  private volatile @Nullable FencedStore connected;
  private @Nullable StoreUnavailableException failure;
  private long failedAtNanos;

  ConnectingStore(String name, Supplier<FencedStore> connect) {
    this.name = name;
    this.connect = connect;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public CompletionStage<ReadOutcome> get(CacheKey key) {
    return with(store -> store.get(key));
  }

  @Override
  public CompletionStage<ReadOutcome> get(CacheKey key, List<CacheKey> tags) {
    return with(store -> store.get(key, tags));
  }

  @Override
  public CompletionStage<Optional<ReadOutcome.Hit>> peek(CacheKey key) {
    return with(store -> store.peek(key));
  }

  @Override
  public CompletionStage<Void> release(CacheKey key, Lease lease) {
    return with(store -> store.release(key, lease));
  }

  @Override
  public CompletionStage<FillOutcome> fill(CacheKey key, Lease lease, Value value, Duration ttl) {
    return with(store -> store.fill(key, lease, value, ttl));
  }

  @Override
  public CompletionStage<Optional<byte[]>> raw(CacheKey key) {
    return with(store -> store.raw(key));
  }

  @Override
  public CompletionStage<Optional<Meta>> meta(CacheKey key) {
    return with(store -> store.meta(key));
  }

  @Override
  public CompletionStage<List<StoreRoom>> room() {
    return with(FencedStore::room);
  }

  @Override
  public Stream<String> keys(String cache, String prefix) {
    return connected().keys(cache, prefix);
  }

  @Override
  public Set<String> members() {
    FencedStore now = connected;
    return now == null ? Set.of() : now.members();
  }

  private <T> CompletionStage<T> with(Function<FencedStore, CompletionStage<T>> operation) {
    FencedStore store;
    try {
      store = connected();
    } catch (StoreUnavailableException e) {
      return CompletableFuture.failedStage(e);
    }
    return operation.apply(store);
  }

  private synchronized FencedStore connected() {
    FencedStore before = connected;
    if (before != null) {
      return before;
    }
    if (failure != null && System.nanoTime() - failedAtNanos < RETRY_NANOS) {
      throw failure;
    }
    try {
      FencedStore fresh = connect.get();
      connected = fresh;
      failure = null;
      return fresh;
    } catch (RuntimeException e) {
      failure =
          new StoreUnavailableException(
              "store " + name + " cannot be reached: " + e.getMessage(), e);
      failedAtNanos = System.nanoTime();
      throw failure;
    }
  }

  @Override
  public synchronized void close() {
    FencedStore before = connected;
    connected = null;
    if (before != null) {
      before.close();
    }
  }
}
