package dev.hearth.cli.shop.bench;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import org.HdrHistogram.Histogram;

/**
 * The picture of a report: hit ratio against time, and below it, on the same axis of time, the p99
 * latency of a constant query in the database. SVG without script, style sheet or font of its own,
 * so that it stands in a page and in a file alike. Pure.
 */
final class Chart {
  private static final int WIDTH = 960;
  private static final int LEFT = 74;
  private static final int RIGHT = 24;
  private static final int TOP = 78;
  private static final int UPPER = 300;
  private static final int GAP = 52;
  private static final int LOWER = 170;
  private static final int HEIGHT = TOP + UPPER + GAP + LOWER + 56;

  private static final String WARMED = "#d9480f";
  private static final String COLD = "#1864ab";
  private static final String INK = "#212529";
  private static final String FAINT = "#868e96";
  private static final String GRID = "#e9ecef";

  /** Ticks that a point of the latency stands for: one has too few queries for a p99. */
  private static final int SMOOTHED = 4;

  private final Measured measured;
  private final StringBuilder svg = new StringBuilder();
  private final double lastSecond;

  private Chart(Measured measured) {
    this.measured = measured;
    this.lastSecond =
        Math.max(
            1,
            Math.min(
                Math.max(measured.cold().seconds(), measured.median().seconds()),
                1.25 * Math.max(measured.coldReached().seconds(), 1)));
  }

  static String of(Measured measured) {
    return new Chart(measured).draw();
  }

  private String draw() {
    put(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" role=\"img\""
            + " font-family=\"system-ui, 'DejaVu Sans', Helvetica, Arial, sans-serif\""
            + " font-size=\"13\" fill=\"%s\">",
        WIDTH, HEIGHT, INK);
    put("<title>Hit ratio and database latency after a flush, cold and warmed</title>");
    put("<rect width=\"%d\" height=\"%d\" fill=\"#ffffff\"/>", WIDTH, HEIGHT);
    legend();
    hitRatios();
    latencies();
    timeAxis();
    put("</svg>");
    return svg.toString();
  }

  private void legend() {
    int y = 26;
    line(LEFT, y, LEFT + 28, y, WARMED, 3, "");
    text(LEFT + 36, y + 4, "start", INK, "with a warm-up run, asked for at 0 s");
    line(LEFT + 300, y, LEFT + 328, y, COLD, 3, "");
    text(LEFT + 336, y + 4, "start", INK, "cold: traffic alone, same keys in the same order");
    measured
        .median()
        .run()
        .ifPresent(
            run -> {
              put(
                  "<rect x=\"%d\" y=\"%d\" width=\"28\" height=\"12\" fill=\"%s\""
                      + " fill-opacity=\"0.13\"/>",
                  LEFT + 690, y - 6, WARMED);
              text(LEFT + 726, y + 4, "start", INK, "while the run ran");
            });
  }

  private void hitRatios() {
    run(TOP, UPPER);
    for (int percent = 0; percent <= 100; percent += 20) {
      double y = ratioY(percent / 100.0);
      line(LEFT, y, WIDTH - RIGHT, y, GRID, 1, "");
      text(LEFT - 10, y + 4, "end", FAINT, percent + " %");
    }
    title(TOP, UPPER, "hit ratio");
    double target = measured.targetHitRatio();
    line(LEFT, ratioY(target), WIDTH - RIGHT, ratioY(target), FAINT, 1, "6 4");
    curve(measured.cold().ticks(), COLD, tick -> ratioY(Phase.ratio(tick)));
    curve(measured.median().ticks(), WARMED, tick -> ratioY(Phase.ratio(tick)));
    note(
        TOP,
        format(
            "dashed: %.0f %% of the steady hit ratio, which was %.1f %%",
            100 * WarmBench.TARGET_SHARE, 100 * measured.steadyHitRatio()));
    mark(measured.coldReached(), target, COLD);
    mark(measured.warmedReached(), target, WARMED);
  }

  private void mark(Measured.Reached reached, double target, String colour) {
    if (!reached.reached() || reached.seconds() > lastSecond) {
      return;
    }
    double x = x(reached.seconds());
    double y = ratioY(target);
    line(x, y, x, ratioY(0), colour, 1, "2 3");
    put(
        "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"5\" fill=\"%s\" stroke=\"#ffffff\""
            + " stroke-width=\"1.5\"/>",
        x, y, colour);
    boolean roomAtTheRight = x < WIDTH - RIGHT - 80;
    put(
        "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" fill=\"%s\" font-weight=\"600\""
            + " font-size=\"15\">%s</text>",
        x + (roomAtTheRight ? 8 : -8),
        ratioY(0.06),
        roomAtTheRight ? "start" : "end",
        colour,
        escaped(reached.text()));
  }

  private void latencies() {
    int top = TOP + UPPER + GAP;
    run(top, LOWER);
    double before = measured.probes(measured.before()).p99Millis();
    double most =
        Math.max(
            Math.max(highest(measured.cold()), highest(measured.median())), Math.max(before, 0.01));
    double step = step(most, 4);
    double ceiling = Math.ceil(most / step) * step;
    for (int n = 0; n * step <= ceiling + step / 2; n++) {
      double y = top + LOWER - LOWER * n * step / ceiling;
      line(LEFT, y, WIDTH - RIGHT, y, GRID, 1, "");
      text(LEFT - 10, y + 4, "end", FAINT, plain(n * step));
    }
    title(top, LOWER, "p99 in the database, ms");
    ToDoubleFunction<Tick> y = tick -> top + LOWER - LOWER * Math.min(1, millis(tick) / ceiling);
    curve(smoothed(measured.cold()), COLD, y);
    curve(smoothed(measured.median()), WARMED, y);
    double beforeY = top + LOWER - LOWER * Math.min(1, before / ceiling);
    line(LEFT, beforeY, WIDTH - RIGHT, beforeY, FAINT, 1, "6 4");
    note(top, format("dashed: p99 before the flush, %.2f ms", before));
  }

  /** Shades the time of the run. */
  private void run(int top, int height) {
    measured
        .median()
        .run()
        .ifPresent(
            run ->
                put(
                    "<rect x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\" fill=\"%s\""
                        + " fill-opacity=\"0.13\"/>",
                    LEFT,
                    top,
                    Math.max(2, x(Math.min(run.endSeconds(), lastSecond)) - LEFT),
                    height,
                    WARMED));
  }

  private void timeAxis() {
    int bottom = TOP + UPPER + GAP + LOWER;
    double step = step(lastSecond, 10);
    for (int n = 0; n * step <= lastSecond; n++) {
      double x = x(n * step);
      line(x, bottom, x, bottom + 5, FAINT, 1, "");
      text(x, bottom + 20, "middle", FAINT, plain(n * step));
      line(x, TOP + UPPER, x, TOP + UPPER + 5, FAINT, 1, "");
    }
    line(LEFT, bottom, WIDTH - RIGHT, bottom, FAINT, 1, "");
    line(LEFT, TOP + UPPER, WIDTH - RIGHT, TOP + UPPER, FAINT, 1, "");
    text(
        (LEFT + WIDTH - RIGHT) / 2.0,
        bottom + 42,
        "middle",
        INK,
        "seconds after the store was flushed");
  }

  /** Above a panel, where no curve is. */
  private void note(int top, String note) {
    text(WIDTH - RIGHT, top - 9, "end", FAINT, note);
  }

  private void title(int top, int height, String title) {
    double y = top + height / 2.0;
    put(
        "<text x=\"18\" y=\"%.1f\" text-anchor=\"middle\" transform=\"rotate(-90 18 %.1f)\">%s</text>",
        y, y, escaped(title));
  }

  private void curve(List<Tick> ticks, String colour, ToDoubleFunction<Tick> y) {
    StringBuilder points = new StringBuilder();
    for (Tick tick : ticks) {
      if (tick.endSeconds() <= lastSecond) {
        points.append(format("%.1f,%.1f ", x(tick.endSeconds()), y.applyAsDouble(tick)));
      }
    }
    put(
        "<polyline points=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"2\""
            + " stroke-linejoin=\"round\"/>",
        points.toString().trim(), colour);
  }

  /** Each tick with the probes of those before it. */
  private static List<Tick> smoothed(Phase phase) {
    List<Tick> ticks = phase.ticks();
    return IntStream.range(0, ticks.size())
        .mapToObj(
            i -> {
              Histogram probes = new Histogram(Latencies.DIGITS);
              ticks
                  .subList(Math.max(0, i + 1 - SMOOTHED), i + 1)
                  .forEach(tick -> probes.add(tick.probes()));
              Tick tick = ticks.get(i);
              return new Tick(tick.endSeconds(), tick.reads(), tick.hits(), tick.queries(), probes);
            })
        .toList();
  }

  private static double millis(Tick tick) {
    return Phase.latency(List.of(tick), Tick::probes).p99Millis();
  }

  private double highest(Phase phase) {
    return smoothed(phase).stream()
        .filter(tick -> tick.endSeconds() <= lastSecond)
        .mapToDouble(Chart::millis)
        .max()
        .orElse(0);
  }

  private double x(double seconds) {
    return LEFT + (WIDTH - RIGHT - LEFT) * seconds / lastSecond;
  }

  private static double ratioY(double ratio) {
    return TOP + UPPER - UPPER * ratio;
  }

  /** 1, 2 or 5 times a power of ten, so that there are at most so many steps. */
  static double step(double whole, int most) {
    double step = Math.pow(10, Math.floor(Math.log10(whole / most)));
    for (double times : new double[] {1, 2, 5}) {
      if (whole / (step * times) <= most) {
        return step * times;
      }
    }
    return step * 10;
  }

  private void line(
      double x1, double y1, double x2, double y2, String colour, int width, String dashes) {
    put(
        "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"%s\""
            + " stroke-width=\"%d\"%s/>",
        x1,
        y1,
        x2,
        y2,
        colour,
        width,
        dashes.isEmpty() ? "" : " stroke-dasharray=\"" + dashes + "\"");
  }

  private void text(double x, double y, String anchor, String colour, String text) {
    put(
        "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" fill=\"%s\">%s</text>",
        x, y, anchor, colour, escaped(text));
  }

  private void put(String format, Object... arguments) {
    svg.append(format(format, arguments)).append('\n');
  }

  private static String plain(double number) {
    return BigDecimal.valueOf(number)
        .round(new MathContext(3))
        .stripTrailingZeros()
        .toPlainString();
  }

  private static String format(String format, Object... arguments) {
    return String.format(Locale.ROOT, format, arguments);
  }

  /** Text as it may stand in XML and HTML. */
  static String escaped(String text) {
    return text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;");
  }
}
