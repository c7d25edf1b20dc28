package dev.hearth.warmer.trigger;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes its steps one after the other, rests, and begins again until it is closed. A step that
 * fails keeps nothing else from its turn. Steps run on a thread of its own; {@link #start} and
 * {@link #close} are for any.
 */
final class TurnLoop implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(TurnLoop.class);
  private static final Duration LONGEST_CLOSE = Duration.ofSeconds(5);

  private final List<Step> steps;
  private final Duration rest;
  private final Runnable heartbeat;
  private final CountDownLatch stopped = new CountDownLatch(1);
  private final Thread thread;

  /** What a step does; an interruption ends the loop. */
  interface Work {
    void run() throws InterruptedException;
  }

  /**
   * A part of every turn.
   *
   * @param name for the log
   */
  record Step(String name, Work work) {}

  /**
   * A loop; does nothing before {@link #start}.
   *
   * @param name of its thread
   * @param rest between two turns, above zero
   * @param heartbeat called before every step
   */
  TurnLoop(String name, List<Step> steps, Duration rest, Runnable heartbeat) {
    this.steps = List.copyOf(steps);
    this.rest = rest;
    this.heartbeat = heartbeat;
    this.thread = new Thread(this::run, name);
    thread.setDaemon(true);
  }

  /** Begins; returns at once. */
  void start() {
    thread.start();
  }

  /** Interrupts the step under way, and waits for its end, within a bound. */
  @Override
  public void close() {
    stopped.countDown();
    thread.interrupt();
    try {
      thread.join(LONGEST_CLOSE.toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void run() {
    try {
      do {
        for (Step step : steps) {
          heartbeat.run();
          take(step);
        }
      } while (!stopped.await(rest.toMillis(), TimeUnit.MILLISECONDS));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void take(Step step) throws InterruptedException {
    try {
      step.work().run();
    } catch (RuntimeException e) {
      log.error(
          "failed, and is tried again at the next turn loop={} step=\"{}\"",
          thread.getName(),
          step.name(),
          e);
    }
  }
}
