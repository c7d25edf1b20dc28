package dev.hearth.warmer.sample;

import dev.hearth.schemas.access.AccessReport;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Samples one store, a step a second, and hands the reports on. A store that cannot be sampled is
 * said to be so once, asked again with every step, and holds up nothing else. Thread-safe.
 */
public final class HeatSampling implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(HeatSampling.class);
  private static final Duration CLOSE_BOUND = Duration.ofSeconds(5);

  private final String store;
  private final KeySampler sampler;
  private final double perSecond;
  private final Duration interval;
  private final Consumer<AccessReport> sink;
  private final Sightings sightings;
  private final Clock clock;
  private final Runnable heartbeat;
  private final CountDownLatch stopped = new CountDownLatch(1);
  private final Thread thread;
  private boolean failing;
  private double owed;

  /**
   * Sampling that has not begun.
   *
   * @param perSecond keys to look at in a second, above zero
   * @param interval of the steps
   * @param sink takes a report or drops it; must not throw
   * @param heartbeat called at every step
   */
  HeatSampling(
      String store,
      KeySampler sampler,
      double perSecond,
      Duration interval,
      Consumer<AccessReport> sink,
      Clock clock,
      Runnable heartbeat) {
    this.store = store;
    this.sampler = sampler;
    this.perSecond = perSecond;
    this.interval = interval;
    this.sink = sink;
    this.sightings = new Sightings("sampled:" + store, perSecond, new Random()::nextDouble);
    this.clock = clock;
    this.heartbeat = heartbeat;
    this.thread = new Thread(this::sample, "hearth-heat-sampling-" + store);
    thread.setDaemon(true);
  }

  /** Begins; returns at once. */
  public void start() {
    thread.start();
  }

  private void sample() {
    try {
      while (!stopped.await(interval.toMillis(), TimeUnit.MILLISECONDS)) {
        heartbeat.run();
        step();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      sampler.close();
    }
  }

  private void step() {
    // Below one key a step, some steps look at none.
    owed = Math.min(owed + perSecond * interval.toMillis() / 1e3, Math.max(1, perSecond));
    int most = (int) owed;
    if (most < 1) {
      return;
    }
    owed -= most;
    Instant from = clock.instant();
    try {
      KeySampler.Step step = sampler.next(most);
      sightings.report(step, from, clock.instant()).ifPresent(sink);
      if (failing) {
        failing = false;
        log.info("heat is sampled again store={}", store);
      }
    } catch (SamplingException e) {
      if (!failing) {
        failing = true;
        log.warn("heat is not sampled store={}: {}", store, e.getMessage());
      }
    }
  }

  /** Ends the thread, which closes what it sampled with; waits at most 5 s. */
  @Override
  public void close() {
    stopped.countDown();
    if (thread.isAlive()) {
      try {
        thread.join(CLOSE_BOUND.toMillis());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
