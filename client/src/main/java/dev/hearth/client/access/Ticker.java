package dev.hearth.client.access;

import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** What a recorder's thread waits for between two reports. */
@FunctionalInterface
public interface Ticker {
  /**
   * Returns when an interval has passed.
   *
   * @throws InterruptedException when the recorder is being closed
   */
  void await(Duration interval) throws InterruptedException;

  /** Real time. */
  static Ticker system() {
    return interval -> TimeUnit.NANOSECONDS.sleep(interval.toNanos());
  }
}
