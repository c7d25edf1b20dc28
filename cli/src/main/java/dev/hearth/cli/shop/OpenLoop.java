package dev.hearth.cli.shop;

import java.time.Duration;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;

/**
 * Load that arrives at its rate whether or not earlier work is done, as that of users does. What
 * finds the queue full is turned away and counted. One thread at a time starts and closes it; any
 * thread may ask.
 */
public final class OpenLoop implements AutoCloseable {
  /** What waits at most. */
  static final int QUEUE = 20_000;

  private static final Duration CLOSE_BOUND = Duration.ofSeconds(30);

  private final String name;
  private final double perSecond;
  private final Supplier<Runnable> arrivals;
  private final ThreadPoolExecutor workers;
  private final LongAdder turnedAway = new LongAdder();
  private final Thread clock;
  private volatile boolean stopping;

  /**
   * Nothing arrives before {@link #start()}.
   *
   * @param name of what arrives, a plural
   * @param perSecond 0 or more; with 0 nothing arrives
   * @param workers how much is done at the same time, at least 1
   * @param arrivals the next one, drawn on one thread, so that a sequence with a seed stays one;
   *     what it gives runs on one of the workers and throws nothing
   */
  public OpenLoop(String name, double perSecond, int workers, Supplier<Runnable> arrivals) {
    this.name = name;
    this.perSecond = perSecond;
    this.arrivals = arrivals;
    AtomicInteger number = new AtomicInteger();
    this.workers =
        new ThreadPoolExecutor(
            workers,
            workers,
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

  /** Begins; at most once. */
  public void start() {
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
      Runnable work = arrivals.get();
      try {
        workers.execute(work);
      } catch (RejectedExecutionException e) {
        turnedAway.increment();
      }
      next += gapNanos;
    }
  }

  /** How many found the queue full; what was still waiting at the end is not among them. */
  public long turnedAway() {
    return turnedAway.sum();
  }

  /**
   * Lets nothing new arrive, forgets what waits, and waits for what is under way.
   *
   * @throws IllegalStateException when that does not end within 30 s
   */
  @Override
  public void close() throws InterruptedException {
    stopping = true;
    LockSupport.unpark(clock);
    // Before the workers go: what it still brought would count as turned away.
    clock.join(CLOSE_BOUND.toMillis());
    workers.getQueue().clear();
    workers.shutdown();
    if (!workers.awaitTermination(CLOSE_BOUND.toMillis(), TimeUnit.MILLISECONDS)) {
      throw new IllegalStateException(
          name + " do not end within " + CLOSE_BOUND.toSeconds() + " s; is a server stuck?");
    }
  }
}
