package dev.hearth.cli.shop.bench;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.stream.IntStream;

/**
 * What a benchmark measured, and what follows from it. Pure.
 *
 * @param store name of the store
 * @param steadyHitRatio of traffic that has filled the store
 * @param targetHitRatio the part of it that counts as reached
 * @param before ticks before the flushes that a run followed
 * @param warmed the rounds, at least one
 * @param lost reads that failed, or were turned away since the machine was too slow
 */
public record Measured(
    BenchSettings settings,
    String store,
    double steadyHitRatio,
    double targetHitRatio,
    List<Tick> before,
    List<Phase> warmed,
    Phase cold,
    long lost) {
  private static final double TIMES_SOONER = 10;
  private static final double MOST_SLOWER = 1.10;

  public Measured {
    before = List.copyOf(before);
    warmed = List.copyOf(warmed);
  }

  /**
   * When a hit ratio was reached.
   *
   * @param seconds since the flush; where it was not reached, how long it was watched
   */
  public record Reached(double seconds, boolean reached) {
    static Reached of(Phase phase, double hitRatio) {
      OptionalDouble at = phase.reached(hitRatio);
      return new Reached(Figures.rounded(at.orElse(phase.seconds())), at.isPresent());
    }

    String text() {
      return String.format(Locale.ROOT, reached ? "%.1f s" : "more than %.0f s", seconds);
    }
  }

  /**
   * A goal and what came of it.
   *
   * @param found a sentence with the figures
   */
  public record Goal(String goal, String found, boolean reached) {}

  Reached coldReached() {
    return Reached.of(cold, targetHitRatio);
  }

  /** Of the median round. */
  Reached warmedReached() {
    return Reached.of(median(), targetHitRatio);
  }

  Phase median() {
    return warmed.get(median(warmed, targetHitRatio));
  }

  /** The index of the round in the middle, by when a hit ratio was reached; of two the later. */
  static int median(List<Phase> warmed, double target) {
    return IntStream.range(0, warmed.size())
        .boxed()
        .sorted(
            Comparator.comparingDouble(
                round -> warmed.get(round).reached(target).orElse(Double.POSITIVE_INFINITY)))
        .toList()
        .get(warmed.size() / 2);
  }

  /** How many times sooner; a lower bound where traffic alone did not get there. */
  double timesSooner() {
    return warmedReached().reached() && warmedReached().seconds() > 0
        ? coldReached().seconds() / warmedReached().seconds()
        : 0;
  }

  List<Tick> during() {
    return warmed.stream().flatMap(phase -> phase.duringRun().stream()).toList();
  }

  /** The same time after a flush without a run, for what traffic alone does to the database. */
  List<Tick> coldMeanwhile() {
    double longest =
        warmed.stream()
            .flatMap(phase -> phase.run().stream())
            .mapToDouble(Phase.Run::endSeconds)
            .max()
            .orElse(0);
    double tick = settings.tick().toNanos() / 1e9;
    return cold.until(Math.max(longest + tick, 2 * tick));
  }

  Phase.Latency queries(List<Tick> ticks) {
    return Phase.latency(ticks, Tick::queries);
  }

  Phase.Latency probes(List<Tick> ticks) {
    return Phase.latency(ticks, Tick::probes);
  }

  public List<Goal> goals() {
    List<Goal> goals = new ArrayList<>();
    goals.add(
        new Goal(
            String.format(
                Locale.ROOT,
                "%.0f %% of the steady hit ratio at least %.0f times sooner than by traffic alone",
                100 * WarmBench.TARGET_SHARE,
                TIMES_SOONER),
            warmedReached().reached()
                ? String.format(
                    Locale.ROOT,
                    "%s instead of %s: %s%.1f times sooner",
                    warmedReached().text(),
                    coldReached().text(),
                    coldReached().reached() ? "" : "more than ",
                    timesSooner())
                : "not reached in " + warmedReached().text() + " with a run",
            timesSooner() >= TIMES_SOONER));
    goals.add(slower(probes(before), probes(during())));
    return goals;
  }

  private static Goal slower(Phase.Latency before, Phase.Latency during) {
    String goal =
        String.format(
            Locale.ROOT,
            "p99 of a constant query in the database at most %.0f %% above before while a run runs",
            100 * (MOST_SLOWER - 1));
    if (before.count() == 0 || during.count() == 0) {
      return new Goal(goal, "there were none, before or during a run", false);
    }
    double change = during.p99Millis() / before.p99Millis();
    return new Goal(
        goal,
        String.format(
            Locale.ROOT,
            "%.2f ms before, %.2f ms during: %+.0f %%",
            before.p99Millis(),
            during.p99Millis(),
            100 * (change - 1)),
        change <= MOST_SLOWER);
  }

  public boolean reachesItsGoals() {
    return goals().stream().allMatch(Goal::reached);
  }
}
