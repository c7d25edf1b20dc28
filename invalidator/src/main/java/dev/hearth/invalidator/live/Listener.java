package dev.hearth.invalidator.live;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * What waits for one listener: so many events, and no more. {@link #offer} is for the thread that
 * reads the topic and never waits; {@link #next} for the listener's own.
 */
final class Listener {
  private final Optional<String> cache;
  private final BlockingQueue<LiveEvent> waiting;
  private volatile boolean overrun;
  private volatile boolean ended;

  /**
   * A listener.
   *
   * @param cache that alone it asks for
   * @param most events that wait
   */
  Listener(Optional<String> cache, int most) {
    this.cache = cache;
    this.waiting = new ArrayBlockingQueue<>(most);
  }

  void offer(LiveEvent event) {
    if (!overrun && event.concerns(cache) && !waiting.offer(event)) {
      overrun = true;
    }
  }

  /** Waits for an event; empty where none came within the bound. */
  Optional<LiveEvent> next(Duration bound) throws InterruptedException {
    return Optional.ofNullable(waiting.poll(bound.toMillis(), TimeUnit.MILLISECONDS));
  }

  /**
   * It read too slowly: something that it asked for was left out. What waits is still to be had.
   */
  boolean isOverrun() {
    return overrun && waiting.isEmpty();
  }

  /** Something that it asked for was left out; others may still wait. */
  boolean hasMissed() {
    return overrun;
  }

  void end() {
    ended = true;
  }

  boolean hasEnded() {
    return ended;
  }
}
