package dev.hearth.cli.demo;

import java.time.Duration;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;

/**
 * Open-loop load: work arrives at its rate whether or not earlier work is done, as users do. What
 * finds the queue full is turned away and counted. Any thread may close it.
 */
final class Arrivals implements AutoCloseable {
  private static final int QUEUE = 20_000;
  private static final Duration CLOSE_BOUND = Duration.ofSeconds(15);

  private final String name;
  private final double perSecond;
  private final Runnable work;
  private final ThreadPoolExecutor workers;
  private final LongAdder turnedAway = new LongAdder();
  private final Thread clock;
  private volatile boolean stopping;

  Arrivals(String name, double perSecond, int threads, Runnable work) {
    this.name = name;
    this.perSecond = perSecond;
    this.work = work;
    AtomicInteger number = new AtomicInteger();
    this.workers =
        new ThreadPoolExecutor(
            threads,
            threads,
            1,
            TimeUnit.MINUTES,
            new ArrayBlockingQueue<>(QUEUE),
            task -> {
              Thread thread = new Thread(task, name + "-" + number.incrementAndGet());
              thread.setDaemon(true);
              return thread;
            });
    this.clock = new Thread(this::arrive, name + "-arrivals");
    this.clock.setDaemon(true);
  }

  void start() {
    if (perSecond > 0) {
      clock.start();
    }
  }

  private void arrive() {
    long gapNanos = Math.max(1, (long) (1e9 / perSecond));
    long next = System.nanoTime();
    while (!stopping) {
      long wait = next - System.nanoTime();
      if (wait > 0) {
        LockSupport.parkNanos(wait);
        continue;
      }
      try {
        workers.execute(work);
      } catch (RejectedExecutionException e) {
        turnedAway.increment();
      }
      next += gapNanos;
    }
  }

  long turnedAway() {
    return turnedAway.sum();
  }

  /** Lets nothing new arrive, and waits for what is under way. */
  @Override
  public void close() throws InterruptedException {
    stopping = true;
    workers.getQueue().clear();
    workers.shutdown();
    if (!workers.awaitTermination(CLOSE_BOUND.toMillis(), TimeUnit.MILLISECONDS)) {
      throw new IllegalStateException(
          name + " do not end within " + CLOSE_BOUND.toSeconds() + " s");
    }
  }
}
