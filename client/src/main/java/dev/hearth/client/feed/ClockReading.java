package dev.hearth.client.feed;

import dev.hearth.schemas.position.History;
import java.time.Duration;
import java.time.Instant;

/**
 * The database's clock, read over the network. Times of two machines cannot be compared, so the age
 * of a time on the database's clock is its distance from a reading, plus what has passed here since
 * before that reading was asked for: never less than the true age. Immutable.
 *
 * @param history whose primary was read
 * @param time on the database's clock, taken after {@code askedNanos}
 * @param askedNanos on this process's monotonic clock
 */
record ClockReading(History history, Instant time, long askedNanos) {
  /**
   * How much faster the database's clock may run than ours: a thousandth, twice what NTP's slewing
   * (500 ppm, RFC 5905) allows for.
   */
  private static final long DRIFT_DIVISOR = 1000;

  /**
   * Most that a time may be old.
   *
   * @param time on the database's clock
   * @param nowNanos on this process's monotonic clock
   */
  Duration ageOf(Instant time, long nowNanos) {
    long passed = nowNanos - askedNanos;
    return Duration.between(time, this.time).plusNanos(passed + passed / DRIFT_DIVISOR);
  }
}
