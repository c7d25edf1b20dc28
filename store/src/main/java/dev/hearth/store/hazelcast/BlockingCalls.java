package dev.hearth.store.hazelcast;

import java.time.Duration;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

/**
 * Threads for what Hazelcast offers only as blocking calls: compare-and-set, and reads of several
 * keys at once. Bounded: what does not fit fails at once. Thread-safe.
 */
final class BlockingCalls implements AutoCloseable {
  private static final int WAITING = 10_000;
  private static final long IDLE_SECONDS = 30;

  private final ThreadPoolExecutor threads;

  BlockingCalls(String name, int size) {
    AtomicInteger number = new AtomicInteger();
    this.threads =
        new ThreadPoolExecutor(
            size,
            size,
            IDLE_SECONDS,
            TimeUnit.SECONDS,
            new ArrayBlockingQueue<>(WAITING),
            task -> {
              Thread thread = new Thread(task, name + "-" + number.incrementAndGet());
              thread.setDaemon(true);
              return thread;
            });
    threads.allowCoreThreadTimeOut(true);
  }

  /** The result, later; a full queue is a failed future too. */
  <T> CompletableFuture<T> call(Supplier<T> blocking) {
    CompletableFuture<T> result = new CompletableFuture<>();
    try {
      threads.execute(() -> run(blocking, result));
    } catch (RejectedExecutionException e) {
      result.completeExceptionally(e);
    }
    return result;
  }

  /** As {@link #call}; after a while it fails, and what has not begun by then never does. */
  <T> CompletableFuture<T> call(Supplier<T> blocking, Duration within) {
    return call(blocking).orTimeout(within.toMillis(), TimeUnit.MILLISECONDS);
  }

  private static <T> void run(Supplier<T> blocking, CompletableFuture<T> result) {
    if (result.isDone()) {
      return;
    }
    try {
      result.complete(blocking.get());
    } catch (RuntimeException | Error e) {
      result.completeExceptionally(e);
    }
  }

  /** Does not wait for what still blocks; it ends with the call that it waits for. */
  @Override
  public void close() {
    threads.shutdown();
  }
}
