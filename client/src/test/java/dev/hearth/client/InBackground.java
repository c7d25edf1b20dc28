package dev.hearth.client;

import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** A call in a thread of its own. */
record InBackground<T>(Thread thread, CompletableFuture<T> outcome) {
  static <T> InBackground<T> call(String name, Callable<T> call) {
    CompletableFuture<T> outcome = new CompletableFuture<>();
    Thread thread =
        new Thread(
            () -> {
              try {
                outcome.complete(call.call());
              } catch (Throwable e) {
                outcome.completeExceptionally(e);
              }
            },
            name);
    thread.setDaemon(true);
    thread.start();
    return new InBackground<>(thread, outcome);
  }

  T await() throws Exception {
    return outcome.get(Eventually.BOUND.toSeconds(), TimeUnit.SECONDS);
  }

  static void await(CountDownLatch latch) throws InterruptedException {
    if (!latch.await(Eventually.BOUND.toSeconds(), TimeUnit.SECONDS)) {
      throw new AssertionError("the latch was not released within " + Eventually.BOUND);
    }
  }
}
