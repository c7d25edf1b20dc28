package dev.hearth.cli.shop.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/**
 * A measurement for people and for programs: a page, the picture by itself, the figures. Immutable.
 */
public final class Report {
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

  private final Measured measured;
  private final Figures figures;

  public Report(Measured measured, Circumstances circumstances) {
    this.measured = measured;
    this.figures = Figures.of(measured, circumstances);
  }

  public Figures figures() {
    return figures;
  }

  /**
   * Writes {@code index.html}, {@code chart.svg} and {@code figures.json}, over those of an earlier
   * benchmark.
   *
   * @param directory that exists
   */
  public void write(Path directory) throws IOException {
    Files.writeString(directory.resolve("index.html"), Page.of(measured, figures));
    Files.writeString(directory.resolve("chart.svg"), Chart.of(measured));
    Files.writeString(directory.resolve("figures.json"), JSON.writeValueAsString(figures) + "\n");
  }

  /** A summary for a terminal. */
  public String table() {
    StringBuilder text = new StringBuilder();
    Measured.Reached warmed = measured.warmedReached();
    line(text, "%n  %s%n", Page.headline(measured));
    line(
        text,
        "  steady hit ratio %.1f %%, reached at %.1f %%; warmed %s, cold %s%n",
        100 * measured.steadyHitRatio(),
        100 * measured.targetHitRatio(),
        warmed.text(),
        measured.coldReached().text());
    line(text, "  %-38s %10s %10s", "database, p99 in milliseconds", "queries", "probe");
    row(text, "before the flush", figures.database().before());
    row(text, "while a run ran", figures.database().duringRun());
    row(text, "as long after a flush without a run", figures.database().coldMeanwhile());
    line(text, "");
    for (Measured.Goal goal : measured.goals()) {
      line(text, "  %-8s %s", goal.reached() ? "reached" : "MISSED", goal.goal());
      line(text, "           %s", goal.found());
    }
    for (Figures.Round round : figures.rounds()) {
      if (!round.problem().isEmpty()) {
        line(text, "  run: %s", round.problem());
      }
    }
    if (measured.lost() > 0) {
      line(
          text,
          "  %,d reads failed or were turned away: this machine is too slow for --reads %d",
          measured.lost(),
          measured.settings().readsPerSecond());
    }
    return text.toString();
  }

  private static void row(StringBuilder text, String name, Figures.Pair pair) {
    line(
        text, "  %-38s %10.2f %10.2f", name, pair.queries().p99Millis(), pair.probes().p99Millis());
  }

  private static void line(StringBuilder text, String format, Object... arguments) {
    text.append(String.format(Locale.ROOT, format, arguments)).append(System.lineSeparator());
  }
}
