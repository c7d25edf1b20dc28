package dev.hearth.chassis.metrics;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.FileDescriptorMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.prometheus.metrics.core.metrics.Info;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.DoubleSupplier;
import java.util.stream.Stream;

/**
 * The one registry of a process. Names come from the {@link Metric} catalogue alone. Thread-safe;
 * asking twice for one series gives the same series.
 */
public final class Metrics implements AutoCloseable {

  /** Media type of Prometheus' text format. */
  public static final String PROMETHEUS_TEXT = "text/plain; version=0.0.4; charset=utf-8";

  /** Media type of OpenMetrics. */
  public static final String OPEN_METRICS =
      "application/openmetrics-text; version=1.0.0; charset=utf-8";

  /** From one store round trip to the longest outage that still counts as lag. */
  private static final Duration[] LAG_BUCKETS =
      Stream.of(
              1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 75, 100, 150, 200, 300, 500, 750, 1_000, 2_000,
              3_000, 5_000, 10_000, 20_000, 30_000, 60_000)
          .map(Duration::ofMillis)
          .toArray(Duration[]::new);

  private final String version;
  private final PrometheusMeterRegistry registry;
  private final JvmGcMetrics garbageCollection = new JvmGcMetrics();
  private final Map<Phase, LagTimer> lags;

  /**
   * @param version of this build, for {@code hearth_build_info}
   */
  public Metrics(String version) {
    this.version = version;
    registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    Info.builder()
        .name(Metric.BUILD_INFO.exposedName())
        .help(Metric.BUILD_INFO.meaning())
        .labelNames(Metric.BUILD_INFO.labels().toArray(String[]::new))
        .register(registry.getPrometheusRegistry())
        .addLabelValues(version, Runtime.version().toString());
    new JvmMemoryMetrics().bindTo(registry);
    new JvmThreadMetrics().bindTo(registry);
    new ProcessorMetrics().bindTo(registry);
    new UptimeMetrics().bindTo(registry);
    new FileDescriptorMetrics().bindTo(registry);
    garbageCollection.bindTo(registry);
    Map<Phase, LagTimer> timers = new EnumMap<>(Phase.class);
    for (Phase phase : Phase.values()) {
      timers.put(phase, new LagTimer(registerLag(phase)));
    }
    lags = Collections.unmodifiableMap(timers);
  }

  private Timer registerLag(Phase phase) {
    return Timer.builder(Metric.LAG.exposedName())
        .description(Metric.LAG.meaning())
        .tags(tags(Metric.LAG, phase.label()))
        .serviceLevelObjectives(LAG_BUCKETS)
        .register(registry);
  }

  /** Of this build. */
  public String version() {
    return version;
  }

  /** What the gauges of a metric say now, by the values of their labels in their order. */
  public Map<List<String>, Double> gauges(Metric metric) {
    require(metric, Metric.Type.GAUGE);
    Map<List<String>, Double> values = new LinkedHashMap<>();
    for (Gauge gauge : registry.find(metric.exposedName()).gauges()) {
      values.put(
          metric.labels().stream()
              .map(label -> String.valueOf(gauge.getId().getTag(label)))
              .toList(),
          gauge.value());
    }
    return values;
  }

  /** For libraries that bring binders of their own; Hearth's own metrics go through this class. */
  public MeterRegistry registry() {
    return registry;
  }

  /** The lag of a phase: records, and tells what it recorded. */
  public LagTimer lagTimer(Phase phase) {
    LagTimer timer = lags.get(phase);
    if (timer == null) {
      throw new IllegalArgumentException("no phase " + phase);
    }
    return timer;
  }

  /** Every phase's lag since the start, in the order of the way. */
  public Map<Phase, LagSnapshot> lags() {
    Map<Phase, LagSnapshot> snapshots = new EnumMap<>(Phase.class);
    lags.forEach((phase, timer) -> snapshots.put(phase, timer.snapshot()));
    return snapshots;
  }

  /**
   * A counter of the catalogue. Hold on to it where it counts often.
   *
   * @param labelValues in the order of {@link Metric#labels}
   * @throws IllegalArgumentException when the metric is no counter or has other labels
   */
  public Counter counter(Metric metric, String... labelValues) {
    require(metric, Metric.Type.COUNTER);
    return Counter.builder(metric.exposedName())
        .description(metric.meaning())
        .tags(tags(metric, labelValues))
        .register(registry);
  }

  /**
   * A timer of the catalogue: count, sum and maximum in seconds.
   *
   * @param labelValues in the order of {@link Metric#labels}
   * @throws IllegalArgumentException when the metric is no summary or has other labels
   */
  public Timer timer(Metric metric, String... labelValues) {
    require(metric, Metric.Type.SUMMARY);
    return Timer.builder(metric.exposedName())
        .description(metric.meaning())
        .tags(tags(metric, labelValues))
        .register(registry);
  }

  /**
   * Shows a current value; a second supplier for one series takes the place of the first, as when a
   * loop starts again.
   *
   * @param value asked at each scrape, from any thread, in the metric's unit; answers from memory
   * @param labelValues in the order of {@link Metric#labels}
   * @throws IllegalArgumentException when the metric is no gauge or has other labels
   */
  public void gauge(Metric metric, DoubleSupplier value, String... labelValues) {
    require(metric, Metric.Type.GAUGE);
    List<Tag> tags = tags(metric, labelValues);
    synchronized (registry) {
      Gauge former = registry.find(metric.exposedName()).tags(tags).gauge();
      if (former != null) {
        registry.remove(former);
      }
      Gauge.builder(metric.exposedName(), value::getAsDouble)
          .description(metric.meaning())
          .tags(tags)
          .strongReference(true)
          .register(registry);
    }
  }

  /**
   * Everything as text.
   *
   * @param mediaType {@link #PROMETHEUS_TEXT} or {@link #OPEN_METRICS}
   */
  public String scrape(String mediaType) {
    return registry.scrape(mediaType);
  }

  @Override
  public void close() {
    garbageCollection.close();
    registry.close();
  }

  private static void require(Metric metric, Metric.Type type) {
    if (metric.type() != type) {
      throw new IllegalArgumentException(
          "%s is a %s, not a %s".formatted(metric.exposedName(), metric.type(), type));
    }
  }

  private static List<Tag> tags(Metric metric, String... values) {
    if (values.length != metric.labels().size()) {
      throw new IllegalArgumentException(
          "%s: %d label values; expected one for each of %s"
              .formatted(metric.exposedName(), values.length, metric.labels()));
    }
    List<Tag> tags = new ArrayList<>();
    for (int i = 0; i < values.length; i++) {
      tags.add(Tag.of(metric.labels().get(i), values[i]));
    }
    return tags;
  }
}
