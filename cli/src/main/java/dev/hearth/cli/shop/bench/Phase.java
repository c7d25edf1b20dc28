package dev.hearth.cli.shop.bench;

import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Function;
import org.HdrHistogram.Histogram;

/**
 * Traffic from the flush of the stores on. Pure.
 *
 * @param run the warm-up run in it, if there was one
 */
record Phase(List<Tick> ticks, Optional<Run> run) {
  /** How many ticks must be at a level for it to count as reached. */
  private static final int CONFIRMED_BY = 2;

  Phase {
    ticks = List.copyOf(ticks);
  }

  /**
   * A warm-up run.
   *
   * @param endSeconds when it ended; it began at 0
   * @param stored entries that it stored
   * @param notStored entries that it could not store, or that somebody else was filling
   * @param problem one sentence, or nothing
   */
  record Run(double endSeconds, int stored, int notStored, String problem) {}

  /** When the hit ratio first was at a level, and stayed there for another tick. */
  OptionalDouble reached(double hitRatio) {
    for (int i = 0; i + CONFIRMED_BY <= ticks.size(); i++) {
      if (ticks.subList(i, i + CONFIRMED_BY).stream().allMatch(tick -> ratio(tick) >= hitRatio)) {
        return OptionalDouble.of(ticks.get(i).endSeconds());
      }
    }
    return OptionalDouble.empty();
  }

  /** How long it was watched. */
  double seconds() {
    return ticks.isEmpty() ? 0 : ticks.get(ticks.size() - 1).endSeconds();
  }

  /** The hit ratio of its last ticks together; 0 without reads. */
  double lastHitRatio(int count) {
    return hitRatio(last(count));
  }

  /** The last ticks, or all where there are fewer. */
  List<Tick> last(int count) {
    return ticks.subList(Math.max(0, ticks.size() - count), ticks.size());
  }

  /** The ticks that a run was in. */
  List<Tick> duringRun() {
    double end = run.map(Run::endSeconds).orElse(0.0);
    double tickSeconds = ticks.isEmpty() ? 0 : ticks.get(0).endSeconds();
    return ticks.stream().filter(tick -> tick.endSeconds() - tickSeconds < end).toList();
  }

  /** The ticks up to a time. */
  List<Tick> until(double seconds) {
    return ticks.stream().filter(tick -> tick.endSeconds() <= seconds).toList();
  }

  /**
   * Whether the hit ratio of the last ticks differs from that of as many before by less than a
   * bound.
   */
  boolean isSteady(int count, double bound) {
    if (ticks.size() < 2 * count) {
      return false;
    }
    List<Tick> before = ticks.subList(ticks.size() - 2 * count, ticks.size() - count);
    return Math.abs(hitRatio(last(count)) - hitRatio(before)) < bound;
  }

  static double hitRatio(List<Tick> ticks) {
    long reads = ticks.stream().mapToLong(Tick::reads).sum();
    long hits = ticks.stream().mapToLong(Tick::hits).sum();
    return reads == 0 ? 0 : (double) hits / reads;
  }

  static double ratio(Tick tick) {
    return tick.reads() == 0 ? 0 : (double) tick.hits() / tick.reads();
  }

  /** Latencies of several ticks together. */
  static Latency latency(List<Tick> ticks, Function<Tick, Histogram> of) {
    Histogram all = new Histogram(Latencies.DIGITS);
    ticks.forEach(tick -> all.add(of.apply(tick)));
    return all.getTotalCount() == 0
        ? new Latency(0, 0, 0)
        : new Latency(
            all.getTotalCount(),
            all.getValueAtPercentile(50) / 1000.0,
            all.getValueAtPercentile(99) / 1000.0);
  }

  /**
   * A latency.
   *
   * @param count of queries; with 0 the others mean nothing
   */
  record Latency(long count, double p50Millis, double p99Millis) {}
}
