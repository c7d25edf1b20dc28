package dev.hearth.chassis.metrics;

import java.util.Locale;
import java.util.stream.Collectors;

/** Renders docs/metrics.md from the catalogue. */
public final class MetricsDocs {

  private static final String HEADER =
      """
      <!-- generated; do not edit: ./mvnw -pl chassis test -Dtest=MetricsDocsTest -Dhearth.docs.write=true -->

      # Metrics

      At `/metrics` of each service, in Prometheus' text format, or as OpenMetrics when the `Accept` header asks for it. Labels are closed sets: never a key.
      A histogram `x` shows `x_bucket`, `x_count`, `x_sum` and `x_max`; a summary the same without buckets. Beside these: `jvm_memory_*`, `jvm_gc_*`, `jvm_threads_*`,
      `process_*` and `system_cpu_*` as Micrometer names them.

      | Metric | Type | Unit | Labels | Meaning |
      |---|---|---|---|---|
      """;

  private MetricsDocs() {}

  /** The whole document. */
  public static String render() {
    StringBuilder out = new StringBuilder(HEADER);
    for (Metric metric : Metric.values()) {
      out.append(
          "| `%s` | %s | %s | %s | %s |\n"
              .formatted(
                  metric.exposedName(),
                  metric.type().name().toLowerCase(Locale.ROOT),
                  metric.unit(),
                  metric.labels().stream()
                      .map(label -> "`" + label + "`")
                      .collect(Collectors.joining(", ")),
                  metric.meaning()));
    }
    return out.toString();
  }
}
