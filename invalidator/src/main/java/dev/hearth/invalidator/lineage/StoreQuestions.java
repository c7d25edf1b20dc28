package dev.hearth.invalidator.lineage;

import dev.hearth.chassis.config.HearthConfig;
import dev.hearth.store.CacheKey;
import dev.hearth.store.FencedStore;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Asks stores what they hold for a key, all at once and within a bound. Thread-safe. */
final class StoreQuestions implements AutoCloseable {
  static final Duration BOUND = Duration.ofMillis(500);
  private static final int MOST_AT_ONCE = 16;

  private final Map<String, FencedStore> stores;

  /** A store that is away may block whoever connects to it. */
  private final ThreadPoolExecutor asking =
      new ThreadPoolExecutor(
          0,
          MOST_AT_ONCE,
          10,
          TimeUnit.SECONDS,
          new SynchronousQueue<>(),
          task -> {
            Thread thread = new Thread(task, "why-store");
            thread.setDaemon(true);
            return thread;
          });

  StoreQuestions(Map<String, FencedStore> stores) {
    this.stores = Map.copyOf(stores);
  }

  /** Questions under way. */
  record Asked(Map<String, CompletableFuture<Found>> byStore) {
    /** What each store holds; all of them answer, if only that it is not known. */
    Map<String, Found> answers() {
      Map<String, Found> answers = new LinkedHashMap<>();
      byStore.forEach((name, answer) -> answers.put(name, answer.join()));
      return answers;
    }
  }

  /** Asks each of these stores what it holds; does not wait. */
  Asked ask(List<String> names, HearthConfig.Mode mode, CacheKey key) {
    Map<String, CompletableFuture<Found>> asked = new LinkedHashMap<>();
    names.forEach(
        name -> {
          FencedStore store = stores.get(name);
          asked.put(
              name,
              store == null
                  ? CompletableFuture.completedFuture(
                      new Found.NotKnown("this service does not know the store"))
                  : ask(store, mode, key));
        });
    return new Asked(asked);
  }

  private CompletableFuture<Found> ask(FencedStore store, HearthConfig.Mode mode, CacheKey key) {
    try {
      return CompletableFuture.supplyAsync(() -> question(store, mode, key), asking)
          .thenCompose(answer -> answer)
          .orTimeout(BOUND.toMillis(), TimeUnit.MILLISECONDS)
          .exceptionally(failure -> new Found.NotKnown(reason(store, failure)));
    } catch (RejectedExecutionException e) {
      return CompletableFuture.completedFuture(
          new Found.NotKnown("too many questions are under way; ask again"));
    }
  }

  private static CompletableFuture<Found> question(
      FencedStore store, HearthConfig.Mode mode, CacheKey key) {
    if (mode == HearthConfig.Mode.FENCED) {
      return store
          .peek(key)
          .toCompletableFuture()
          .thenApply(
              found ->
                  found
                      .map(
                          hit ->
                              (Found)
                                  new Found.Entry(
                                      hit.stamp(),
                                      hit.value().bytes().map(bytes -> bytes.length).orElse(-1)))
                      .orElseGet(Found.Nothing::new));
    }
    return store
        .raw(key)
        .toCompletableFuture()
        .thenApply(
            found ->
                found
                    .map(bytes -> (Found) new Found.Value(bytes.length))
                    .orElseGet(Found.Nothing::new));
  }

  private static String reason(FencedStore store, Throwable failure) {
    Throwable cause =
        failure instanceof CompletionException && failure.getCause() != null
            ? failure.getCause()
            : failure;
    return cause instanceof TimeoutException
        ? store.name() + " did not answer within " + BOUND.toMillis() + " ms"
        : String.valueOf(cause.getMessage());
  }

  @Override
  public void close() {
    asking.shutdownNow();
  }
}
