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
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A store with a limit on every operation: what fails, or takes longer, is an empty answer. A late
 * answer is nobody's; a lease that comes with it ends by itself. Thread-safe.
 */
final class BoundedStore {
  private static final Logger log = LoggerFactory.getLogger(BoundedStore.class);

  /** A success counts as recovery only so long after the last failure: one line per outage. */
  private static final long QUIET_NANOS = Duration.ofSeconds(10).toNanos();

  private final FencedStore store;
  private final String cache;
  private final Duration limit;
  private final LongSupplier ticker;
  private final AtomicBoolean failing = new AtomicBoolean();
  private volatile long lastFailureTick;

  BoundedStore(FencedStore store, String cache, Duration limit, LongSupplier ticker) {
    if (limit.compareTo(Duration.ofMillis(1)) < 0 || limit.compareTo(Duration.ofHours(1)) > 0) {
      throw new IllegalArgumentException(
          "storeTimeout is " + limit + "; expected 1 millisecond to 1 hour");
    }
    this.store = store;
    this.cache = cache;
    this.limit = limit;
    this.ticker = ticker;
  }

  Optional<ReadOutcome> get(TaggedKey key) {
    return within(() -> store.get(key.key(), key.tags()));
  }

  /**
   * Creates tags, each by lease and fill; what somebody else creates or takes away at this moment
   * is left to them.
   *
   * @return false where the store failed
   */
  boolean create(List<CacheKey> tags, Function<CacheKey, Duration> life) {
    return within(
            () ->
                CompletableFuture.allOf(
                        tags.stream()
                            .map(tag -> create(tag, life.apply(tag)).toCompletableFuture())
                            .toArray(CompletableFuture[]::new))
                    .thenApply(all -> true))
        .isPresent();
  }

  private CompletionStage<Boolean> create(CacheKey tag, Duration life) {
    return store
        .get(tag)
        .thenCompose(
            outcome ->
                outcome instanceof ReadOutcome.Granted granted
                    ? store
                        .fill(tag, granted.lease(), TagToken.random().value(), life)
                        .thenApply(FillOutcome.STORED::equals)
                    : CompletableFuture.completedStage(false));
  }

  Optional<FillOutcome> fill(CacheKey key, Lease lease, Value value, Duration ttl) {
    return within(() -> store.fill(key, lease, value, ttl));
  }

  /** Gives a lease back; nobody waits for it, and where it fails the lease ends by itself. */
  void release(CacheKey key, Lease lease) {
    try {
      store.release(key, lease);
    } catch (RuntimeException e) {
      noteFailure(e.toString());
    }
  }

  private <T> Optional<T> within(Supplier<CompletionStage<T>> operation) {
    try {
      T answer = operation.get().toCompletableFuture().get(limit.toNanos(), TimeUnit.NANOSECONDS);
      noteSuccess();
      return Optional.of(answer);
    } catch (TimeoutException e) {
      noteFailure("no answer within " + limit.toMillis() + " ms");
    } catch (ExecutionException e) {
      noteFailure(String.valueOf(e.getCause()));
    } catch (InterruptedException e) {
      // Somebody wants this thread, nothing is wrong with the store; the loader will notice too.
      Thread.currentThread().interrupt();
    } catch (RuntimeException e) {
      noteFailure(e.toString());
    }
    return Optional.empty();
  }

  private void noteSuccess() {
    if (failing.get()
        && ticker.getAsLong() - lastFailureTick > QUIET_NANOS
        && failing.compareAndSet(true, false)) {
      log.info("Store answers again: cache={} store={}", cache, store.name());
    }
  }

  private void noteFailure(String error) {
    lastFailureTick = ticker.getAsLong();
    if (failing.compareAndSet(false, true)) {
      log.warn(
          "Store does not answer, reads go to the database: cache={} store={} error={}",
          cache,
          store.name(),
          error);
    }
  }
}
