package dev.hearth.chassis;

import dev.hearth.chassis.health.Check;
import dev.hearth.chassis.health.Health;
import dev.hearth.chassis.metrics.LagSnapshot;
import dev.hearth.chassis.metrics.Metric;
import dev.hearth.chassis.metrics.Metrics;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * How a process is, on one screen.
 *
 * @param version of the build
 * @param live whether every main loop turns
 * @param ready whether everything it needs is there
 * @param checks each by name, the loops' first
 * @param lagMillis by phase, since the start; phases that this process does not measure are left
 *     out
 * @param watermarkAgeSeconds by store: how stale it can be at most; stores that have applied
 *     nothing yet are left out
 */
record Status(
    String version,
    boolean live,
    boolean ready,
    List<Check> checks,
    Map<String, LagSnapshot> lagMillis,
    Map<String, Double> watermarkAgeSeconds) {

  static Status of(Health health, Metrics metrics) {
    Health.Report live = health.live();
    Health.Report ready = health.ready();
    Map<String, LagSnapshot> lags = new LinkedHashMap<>();
    metrics
        .lags()
        .forEach(
            (phase, lag) -> {
              if (lag.count() > 0) {
                lags.put(phase.label(), lag);
              }
            });
    Map<String, Double> ages = new LinkedHashMap<>();
    metrics
        .gauges(Metric.WATERMARK_AGE)
        .forEach(
            (labels, age) -> {
              if (!age.isNaN()) {
                ages.put(String.join(",", labels), age);
              }
            });
    return new Status(
        metrics.version(),
        live.fine(),
        ready.fine(),
        Stream.concat(live.checks().stream(), ready.checks().stream()).toList(),
        lags,
        ages);
  }
}
