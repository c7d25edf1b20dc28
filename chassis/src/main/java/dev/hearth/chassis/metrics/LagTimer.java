package dev.hearth.chassis.metrics;

import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.Recorder;
import org.jspecify.annotations.Nullable;

/**
 * Records the lag of one phase, in the Prometheus histogram and beside it in an exact one, for
 * people who look at a terminal. Recording takes no lock; any thread may call any method.
 */
public final class LagTimer {

  private static final int DIGITS = 3;
  private static final long LONGEST_MICROS = TimeUnit.HOURS.toMicros(24);

  private final Timer timer;
  private final Recorder recorder = new Recorder(LONGEST_MICROS, DIGITS);
  private final Histogram total = new Histogram(LONGEST_MICROS, DIGITS);
  private final Histogram window = new Histogram(LONGEST_MICROS, DIGITS);
  private @Nullable Histogram recycled;

  LagTimer(Timer timer) {
    this.timer = timer;
  }

  /** Records one lag. Clocks of two machines differ: below zero counts as zero. */
  public void record(Duration lag) {
    recordNanos(lag.toNanos());
  }

  /** The same in nanoseconds. Above 24 hours, the exact histogram counts 24 hours. */
  public void recordNanos(long lagNanos) {
    long nanos = Math.max(0, lagNanos);
    timer.record(nanos, TimeUnit.NANOSECONDS);
    recorder.recordValue(Math.min(LONGEST_MICROS, TimeUnit.NANOSECONDS.toMicros(nanos)));
  }

  /** Everything since the start. */
  public synchronized LagSnapshot snapshot() {
    drain();
    return of(total);
  }

  /** Everything since the last call of this method: one reader only, such as a live status line. */
  public synchronized LagSnapshot sinceLast() {
    drain();
    LagSnapshot snapshot = of(window);
    window.reset();
    return snapshot;
  }

  /** A moment, to ask for what came after it. */
  public synchronized Mark mark() {
    drain();
    return new Mark(total.copy());
  }

  /** Everything since a moment. */
  public synchronized LagSnapshot since(Mark mark) {
    drain();
    Histogram later = total.copy();
    later.subtract(mark.total);
    return of(later);
  }

  /** What was recorded up to a moment. */
  public static final class Mark {
    private final Histogram total;

    private Mark(Histogram total) {
      this.total = total;
    }
  }

  private void drain() {
    Histogram interval = recorder.getIntervalHistogram(recycled);
    total.add(interval);
    window.add(interval);
    recycled = interval;
  }

  private static LagSnapshot of(Histogram histogram) {
    if (histogram.getTotalCount() == 0) {
      return new LagSnapshot(0, 0, 0, 0);
    }
    return new LagSnapshot(
        histogram.getTotalCount(),
        histogram.getValueAtPercentile(50) / 1000.0,
        histogram.getValueAtPercentile(99) / 1000.0,
        histogram.getMaxValue() / 1000.0);
  }
}
