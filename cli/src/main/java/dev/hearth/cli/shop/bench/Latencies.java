package dev.hearth.cli.shop.bench;

import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.Recorder;

/** Latencies by the tick in which their queries ended. Thread-safe. */
final class Latencies {
  /** One part in a hundred, a tenth of the difference that is looked for. */
  static final int DIGITS = 2;

  private final Recorder recorder = new Recorder(DIGITS);

  void recordNanos(long nanos) {
    recorder.recordValue(Math.max(1, TimeUnit.NANOSECONDS.toMicros(nanos)));
  }

  /** What was recorded since this was asked last, in microseconds. */
  Histogram take() {
    return recorder.getIntervalHistogram();
  }
}
