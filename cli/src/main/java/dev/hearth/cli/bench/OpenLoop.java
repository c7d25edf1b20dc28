package dev.hearth.cli.bench;

import java.time.Duration;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntConsumer;

/**
 * Reads that arrive at their rate whether or not earlier ones are answered, as those of users do.
 * Which keys come, and in which order, depends on the keys alone. What finds the queue full is
 * turned away and counted. Any thread may close it.
 */
final class OpenLoop implements AutoCloseable {
  private static final int QUEUE = 20_000;
  private static final int READERS = 16;
  private static final Duration CLOSE_BOUND = Duration.ofSeconds(30);

  private final double perSecond;
  private final ZipfKeys keys;
  private final IntConsumer read;
  private final ThreadPoolExecutor readers;
  private final LongAdder turnedAway = new LongAdder();
  private final Thread clock = new Thread(this::arrive, "bench-arrivals");
  private volatile boolean stopping;

  private OpenLoop(double perSecond, ZipfKeys keys, IntConsumer read) {
    this.perSecond = perSecond;
    this.keys = keys;
    this.read = read;
    AtomicInteger number = new AtomicInteger();
    this.readers =
        new ThreadPoolExecutor(
            READERS,
            READERS,
            1,
            TimeUnit.MINUTES,
            new ArrayBlockingQueue<>(QUEUE),
            task -> {
              Thread thread = new Thread(task, "bench-reader-" + number.incrementAndGet());
              thread.setDaemon(true);
              return thread;
            });
    clock.setDaemon(true);
  }

  /**
   * Begins.
   *
   * @param read one id, on one of many threads; throws nothing
   */
  static OpenLoop start(double perSecond, ZipfKeys keys, IntConsumer read) {
    OpenLoop loop = new OpenLoop(perSecond, keys, read);
    loop.clock.start();
    return loop;
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
      int id = keys.next();
      try {
        readers.execute(() -> read.accept(id));
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
    readers.getQueue().clear();
    readers.shutdown();
    if (!readers.awaitTermination(CLOSE_BOUND.toMillis(), TimeUnit.MILLISECONDS)) {
      throw new IllegalStateException(
          "reads do not end within " + CLOSE_BOUND.toSeconds() + " s; is a server stuck?");
    }
  }
}
