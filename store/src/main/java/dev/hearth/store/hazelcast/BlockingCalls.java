package dev.hearth.store.hazelcast;

import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

/**
 * Threads for the compare-and-set operations of maps, which Hazelcast offers only as blocking
 * calls. Bounded: what does not fit fails at once. Thread-safe.
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
    try {
      return CompletableFuture.supplyAsync(blocking, threads);
    } catch (java.util.concurrent.RejectedExecutionException e) {
      return CompletableFuture.failedFuture(e);
    }
  }

  /** Does not wait for what still blocks; it ends with the call that it waits for. */
  @Override
  public void close() {
    threads.shutdown();
  }
}
