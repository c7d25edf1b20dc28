package dev.hearth.cli.shop.bench;

import java.util.List;
import java.util.stream.Stream;

/**
 * The figures of a report, for programs. Latencies in milliseconds, times in seconds since the
 * flush.
 *
 * @param timesSooner 0 where a run did not get there; a lower bound where traffic alone did not
 * @param lostReads that failed or were turned away
 */
public record Figures(
    Circumstances circumstances,
    Asked asked,
    double steadyHitRatio,
    double targetHitRatio,
    Measured.Reached cold,
    Measured.Reached warmed,
    double timesSooner,
    List<Round> rounds,
    Database database,
    List<Measured.Goal> goals,
    boolean goalsReached,
    long lostReads,
    Curves curves) {

  /** What was asked for. */
  public record Asked(
      String store,
      int keys,
      double zipf,
      int readsPerSecond,
      long seed,
      int rounds,
      boolean apart) {}

  /**
   * One flush with a run.
   *
   * @param runSeconds how long the run took; 0 where it did not end
   */
  public record Round(
      Measured.Reached reached, double runSeconds, int stored, int notStored, String problem) {}

  /** Latencies of the database before a flush, while a run ran, and without one. */
  public record Database(Pair before, Pair duringRun, Pair coldMeanwhile) {}

  /**
   * @param queries of the application
   * @param probes executions of a small query that is always the same
   */
  public record Pair(Phase.Latency queries, Phase.Latency probes) {
    static Pair of(Measured measured, List<Tick> ticks) {
      return new Pair(measured.queries(ticks), measured.probes(ticks));
    }
  }

  /** The curves; warmed is the round in the middle. */
  public record Curves(List<Point> cold, List<Point> warmed) {}

  /** One point of each curve. */
  public record Point(
      double seconds, double hitRatio, double queriesP99Millis, double probesP99Millis) {
    static Point of(Tick tick) {
      return new Point(
          rounded(tick.endSeconds()),
          rounded(Phase.ratio(tick)),
          Phase.latency(List.of(tick), Tick::queries).p99Millis(),
          Phase.latency(List.of(tick), Tick::probes).p99Millis());
    }
  }

  /** The figures of a measurement. */
  public static Figures of(Measured measured, Circumstances circumstances) {
    BenchSettings settings = measured.settings();
    return new Figures(
        circumstances,
        new Asked(
            measured.store(),
            settings.keys(),
            settings.zipf(),
            settings.readsPerSecond(),
            settings.seed(),
            settings.rounds(),
            settings.apart()),
        rounded(measured.steadyHitRatio()),
        rounded(measured.targetHitRatio()),
        measured.coldReached(),
        measured.warmedReached(),
        rounded(measured.timesSooner()),
        measured.warmed().stream().map(phase -> round(phase, measured.targetHitRatio())).toList(),
        new Database(
            Pair.of(measured, measured.before()),
            Pair.of(measured, measured.during()),
            Pair.of(measured, measured.coldMeanwhile())),
        measured.goals(),
        measured.reachesItsGoals(),
        measured.lost(),
        new Curves(points(measured.cold()), points(measured.median())));
  }

  private static Round round(Phase phase, double target) {
    Measured.Reached reached = Measured.Reached.of(phase, target);
    return phase
        .run()
        .map(
            run ->
                new Round(
                    reached,
                    rounded(run.endSeconds()),
                    run.stored(),
                    run.notStored(),
                    run.problem()))
        .orElseGet(() -> new Round(reached, 0, 0, 0, "the run did not end in time"));
  }

  private static List<Point> points(Phase phase) {
    Stream<Point> points = phase.ticks().stream().map(Point::of);
    return points.toList();
  }

  /** To a thousandth: more digits would only look exact. */
  static double rounded(double value) {
    return Math.round(value * 1000) / 1000.0;
  }
}
