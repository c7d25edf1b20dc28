package dev.hearth.warmer.trigger;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.OptionalLong;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Warnings that strangers can bring about, at most one of each kind in a time, with the number of
 * those left out in between. Thread-safe. Kinds are few and fixed.
 */
final class SeldomLog {
  private static final Logger log = LoggerFactory.getLogger(SeldomLog.class);

  private final long everyNanos;
  private final LongSupplier nanoTime;
  private final Map<String, Last> last = new HashMap<>();

  private record Last(long nanos, long leftOut) {}

  /**
   * @param nanoTime as {@link System#nanoTime}
   */
  SeldomLog(Duration every, LongSupplier nanoTime) {
    this.everyNanos = every.toNanos();
    this.nanoTime = nanoTime;
  }

  void warn(String what, String kind) {
    OptionalLong leftOut = turn(kind);
    if (leftOut.isPresent()) {
      log.warn("{} kind={} leftOutSince={}", what, kind, leftOut.getAsLong());
    }
  }

  /** How many were left out since the last one, if it is time for one. */
  synchronized OptionalLong turn(String kind) {
    long now = nanoTime.getAsLong();
    Last before = last.get(kind);
    if (before != null && now - before.nanos() < everyNanos) {
      last.put(kind, new Last(before.nanos(), before.leftOut() + 1));
      return OptionalLong.empty();
    }
    last.put(kind, new Last(now, 0));
    return OptionalLong.of(before == null ? 0 : before.leftOut());
  }
}
