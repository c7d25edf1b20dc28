package dev.hearth.cli;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Ctrl-C, or a TERM: lets the command end by itself, and holds the end of the JVM until it has. To
 * be opened before what is to be closed, so that it is closed after it.
 */
final class StopSignal implements AutoCloseable {
  private final CountDownLatch stop = new CountDownLatch(1);
  private final CountDownLatch closed = new CountDownLatch(1);

  private final Duration bound;

  private StopSignal(Duration bound) {
    this.bound = bound;
  }

  /**
   * Begins to listen.
   *
   * @param bound how long the command may take to end
   */
  static StopSignal listen(Duration bound) {
    StopSignal signal = new StopSignal(bound);
    Runtime.getRuntime().addShutdownHook(new Thread(signal::stopAndAwaitTheEnd, "stop"));
    return signal;
  }

  /** Opens when somebody wants the command to end. */
  CountDownLatch latch() {
    return stop;
  }

  private void stopAndAwaitTheEnd() {
    stop.countDown();
    awaitTheEnd();
  }

  /** Waits until the command has ended, at most as long as it may take. */
  void awaitTheEnd() {
    try {
      closed.await(bound.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() {
    closed.countDown();
  }
}
