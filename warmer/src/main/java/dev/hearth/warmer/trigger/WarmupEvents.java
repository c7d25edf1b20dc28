package dev.hearth.warmer.trigger;

import dev.hearth.chassis.http.ProblemDetail;
import dev.hearth.chassis.http.ProblemException;
import io.javalin.http.Context;
import io.javalin.http.sse.SseClient;
import io.javalin.http.sse.SseHandler;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/**
 * Progress as server-sent events: one {@code progress} whenever something changed, at most five a
 * second, a comment when nothing did for a while, {@code end} with the run's end. A thread for each
 * listener, so that a slow one holds up nobody; few listeners.
 */
final class WarmupEvents {
  private static final Duration TURN = Duration.ofMillis(200);

  private final Semaphore listeners;
  private final int most;
  private final Duration silence;
  private final Function<String, Optional<WarmupView>> find;

  /**
   * @param most listeners at once
   * @param silence after which a listener, and what is in between, hears that it is not forgotten
   * @param find a run by its id
   */
  WarmupEvents(int most, Duration silence, Function<String, Optional<WarmupView>> find) {
    this.most = most;
    this.silence = silence;
    this.listeners = new Semaphore(most);
    this.find = find;
  }

  /** Answers a request whose run exists. */
  void serve(Context context, String id) {
    String accept = context.header("Accept");
    if (accept == null || !accept.contains("text/event-stream")) {
      throw new ProblemException(
          ProblemDetail.of(
              406,
              "Not Acceptable",
              "Progress comes as server-sent events; ask for them: curl -N -H 'Accept:"
                  + " text/event-stream' "
                  + context.url()));
    }
    if (!listeners.tryAcquire()) {
      throw new ProblemException(
          ProblemDetail.of(
              503,
              "Service Unavailable",
              most + " clients follow runs already; ask /v1/warmups/" + id + " now and then."));
    }
    new SseHandler(0, client -> begin(client, id)).handle(context);
  }

  private void begin(SseClient client, String id) {
    CountDownLatch closed = new CountDownLatch(1);
    client.onClose(closed::countDown);
    client.keepAlive();
    Thread thread =
        new Thread(
            () -> {
              try {
                follow(client, closed, id);
              } finally {
                listeners.release();
                client.close();
              }
            },
            "warmup-events");
    thread.setDaemon(true);
    thread.start();
  }

  private void follow(SseClient client, CountDownLatch closed, String id) {
    Optional<WarmupView> sent = Optional.empty();
    long lastNanos = System.nanoTime();
    while (!client.terminated()) {
      Optional<WarmupView> now = find.apply(id);
      if (now.isEmpty()) {
        client.sendEvent("end", "forgotten");
        return;
      }
      boolean ended = now.get().finishedAt() != null;
      if (ended || !now.equals(sent)) {
        client.sendEvent(ended ? "end" : "progress", now.get());
        sent = now;
        lastNanos = System.nanoTime();
      } else if (System.nanoTime() - lastNanos >= silence.toNanos()) {
        client.sendComment("nothing new");
        lastNanos = System.nanoTime();
      }
      if (ended) {
        return;
      }
      try {
        if (closed.await(TURN.toMillis(), TimeUnit.MILLISECONDS)) {
          return;
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
    }
  }
}
