package dev.hearth.cli.shop.bench;

import static dev.hearth.cli.shop.bench.Chart.escaped;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.apache.commons.text.StringSubstitutor;

/** The report as a page that needs no other file and no network. Pure. */
final class Page {
  private static final String FRAME =
      """
      <!doctype html>
      <html lang="en">
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <title>hearth bench warm</title>
      <style>
        body { font: 16px/1.5 system-ui, 'DejaVu Sans', Helvetica, Arial, sans-serif; color: #212529; background: #fff;
               max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
        h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .5rem; }
        svg { width: 100%; height: auto; margin: 1rem 0 .25rem; }
        table { border-collapse: collapse; margin: 1rem 0; }
        th, td { text-align: left; padding: .3rem .9rem .3rem 0; border-bottom: 1px solid #e9ecef; vertical-align: top; }
        td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; }
        .yes { color: #2b8a3e; font-weight: 600; } .no { color: #c92a2a; font-weight: 600; }
        figcaption, footer { color: #6c757d; font-size: .875rem; }
        figure { margin: 0; } code { background: #f1f3f5; padding: .1rem .3rem; }
      </style>
      <h1>${headline}</h1>
      <p>${lead}</p>
      <figure>
      ${chart}
      <figcaption>${caption}</figcaption>
      </figure>
      <h2>Goals</h2>
      <table><tr><th>Goal<th>Found<th>Reached</tr>
      ${goals}</table>
      <h2>The database, in milliseconds</h2>
      <table><tr><th><th class="n">queries<th class="n">p50<th class="n">p99<th class="n">probes<th class="n">p50<th class="n">p99</tr>
      ${database}</table>
      <p>Queries are the application's own, one for each miss, as long as it waits for them; the batches of the run are
      not among them. Probes are one small query, always the same, every 5 ms, as long as the database executes it.</p>
      <h2>Rounds with a run</h2>
      <table><tr><th class="n">hit ratio reached<th class="n">run took<th class="n">stored<th class="n">not stored<th></tr>
      ${rounds}</table>
      <footer>${machine}<br>${load}</footer>
      </html>
      """;

  private Page() {}

  static String of(Measured measured, Figures figures) {
    Circumstances at = figures.circumstances();
    Figures.Asked asked = figures.asked();
    return StringSubstitutor.replace(
        FRAME,
        Map.of(
            "headline", escaped(headline(measured)),
            "lead",
                escaped(
                    format(
                        "A store (%s) with %,d products was flushed under %,d reads per second by Zipf's law"
                            + " (exponent %s), once with a warm-up run at once and once without, and"
                            + " the same keys were read in the same order.%s",
                        asked.store(),
                        asked.keys(),
                        asked.readsPerSecond(),
                        asked.zipf(),
                        asked.apart() ? " The database had a processor for itself." : "")),
            "chart", Chart.of(measured),
            "caption",
                escaped(
                        format(
                            "%s Each point of the hit ratio is %d ms of traffic; of %d rounds with a run"
                                + " the one in the middle is drawn. ",
                            at.date() + ".", measured.settings().tick().toMillis(), asked.rounds()))
                    + "<code>"
                    + escaped(at.command())
                    + "</code>",
            "goals", goals(measured.goals()),
            "database", database(figures.database()),
            "rounds", rounds(figures.rounds()),
            "machine", escaped(at.machine()),
            "load",
                escaped(
                    format(
                        "Processors busy on average: %.2f in the minute before, %.2f at the end. Reads"
                            + " that failed or were turned away: %,d. Seed %d.",
                        at.loadBefore(), at.loadAfter(), figures.lostReads(), asked.seed()))));
  }

  static String headline(Measured measured) {
    Measured.Reached warmed = measured.warmedReached();
    return warmed.reached()
        ? format("Warm again after %s instead of %s", warmed.text(), measured.coldReached().text())
        : "Not warm again within " + format("%.0f s", warmed.seconds()) + ", with a run";
  }

  private static String goals(List<Measured.Goal> goals) {
    StringBuilder rows = new StringBuilder();
    for (Measured.Goal goal : goals) {
      rows.append(
          format(
              "<tr><td>%s<td>%s<td class=\"%s\">%s</tr>%n",
              escaped(goal.goal()),
              escaped(goal.found()),
              goal.reached() ? "yes" : "no",
              goal.reached() ? "yes" : "no"));
    }
    return rows.toString();
  }

  private static String database(Figures.Database database) {
    return row("before the flush", database.before())
        + row("while a run ran", database.duringRun())
        + row("as long after a flush without a run", database.coldMeanwhile());
  }

  private static String row(String name, Figures.Pair pair) {
    return format(
        "<tr><td>%s<td class=\"n\">%,d<td class=\"n\">%.2f<td class=\"n\">%.2f<td class=\"n\">%,d<td"
            + " class=\"n\">%.2f<td class=\"n\">%.2f</tr>%n",
        name,
        pair.queries().count(),
        pair.queries().p50Millis(),
        pair.queries().p99Millis(),
        pair.probes().count(),
        pair.probes().p50Millis(),
        pair.probes().p99Millis());
  }

  private static String rounds(List<Figures.Round> rounds) {
    StringBuilder rows = new StringBuilder();
    for (Figures.Round round : rounds) {
      rows.append(
          format(
              "<tr><td class=\"n\">%s<td class=\"n\">%.1f s<td class=\"n\">%,d<td class=\"n\">%,d"
                  + "<td>%s</tr>%n",
              escaped(round.reached().text()),
              round.runSeconds(),
              round.stored(),
              round.notStored(),
              escaped(round.problem())));
    }
    return rows.toString();
  }

  private static String format(String format, Object... arguments) {
    return String.format(Locale.ROOT, format, arguments);
  }
}
