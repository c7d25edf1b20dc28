package dev.hearth.cli;

import dev.hearth.chassis.Component;
import dev.hearth.chassis.Lifecycle;
import dev.hearth.chassis.OperationsHttp;
import dev.hearth.chassis.config.HearthConfig;
import dev.hearth.chassis.health.Health;
import dev.hearth.chassis.http.Routes;
import dev.hearth.chassis.kafka.KafkaTopics;
import dev.hearth.chassis.metrics.Metrics;
import dev.hearth.ingest.Ingest;
import dev.hearth.invalidator.DeliveryControl;
import dev.hearth.invalidator.Invalidator;
import dev.hearth.invalidator.Lineage;
import dev.hearth.schemas.topic.Topics;
import dev.hearth.warmer.HeatSources;
import dev.hearth.warmer.Warmer;
import dev.hearth.warmer.WarmerSettings;
import java.net.URI;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The services of one process, wired. Starting checks everything that is the user's to mend before
 * anything is created.
 */
public final class Services implements AutoCloseable {
  private static final Duration CLOSE_BOUND = Duration.ofSeconds(20);

  private final Metrics metrics;
  private final Health health = new Health();
  private final Stores stores;
  private final Optional<Warmer> warmer;
  private final OperationsHttp http;
  private final Lifecycle lifecycle;

  /** Wires the services of these roles; nothing is connected before {@link #start}. */
  public Services(HearthConfig config, Set<Role> roles) {
    Checks.offline(config);
    Clock clock = Clock.systemUTC();
    this.metrics = new Metrics(Version.current());
    Topics topics = new Topics(config.kafka().topicPrefix());
    Map<String, Object> kafka =
        KafkaTopics.clientProperties(
            config.kafka().bootstrapServers(), config.kafka().properties());
    this.stores = new Stores(config, topics, metrics);
    this.warmer =
        roles.contains(Role.WARM)
            ? Optional.of(
                new Warmer(WarmerSettings.of(config), stores.readers(), metrics, health, clock))
            : Optional.empty();
    DeliveryControl control = new DeliveryControl(topics, kafka);
    Optional<Lineage> lineage =
        roles.contains(Role.INVALIDATE)
            ? Optional.of(new Lineage(config, topics, kafka, stores.readers(), metrics, clock))
            : Optional.empty();
    List<Routes> routes = new ArrayList<>(warmer.map(Warmer::routes).stream().toList());
    if (roles.contains(Role.INVALIDATE)) {
      routes.add(control);
    }
    lineage.map(Lineage::routes).ifPresent(routes::add);
    this.http = new OperationsHttp(config.http(), health, metrics, routes);

    List<Component> components = new ArrayList<>();
    components.add(http);
    if (roles.contains(Role.INGEST)) {
      components.add(Component.of("source-check", () -> Checks.live(config), () -> {}));
    }
    components.add(
        Component.of(
            "topics",
            () ->
                KafkaTopics.ensure(
                    kafka,
                    replicas ->
                        topics.all().stream().map(topic -> topic.definition(replicas)).toList()),
            () -> {}));
    components.add(Component.of("stores", () -> {}, stores::close));
    if (roles.contains(Role.INGEST)) {
      components.add(new Ingest(config, topics, kafka, metrics, health, clock));
    }
    if (roles.contains(Role.INVALIDATE)) {
      components.addAll(
          Invalidator.components(
              config,
              topics,
              kafka,
              stores.connectors(),
              stores.readers(),
              control,
              metrics,
              health,
              clock));
    }
    lineage.ifPresent(components::add);
    warmer.ifPresent(components::add);
    if (roles.contains(Role.WARM)) {
      components.add(new HeatSources(config, topics, kafka, health, clock));
    }
    this.lifecycle = new Lifecycle(components, CLOSE_BOUND);
  }

  /**
   * Starts everything.
   *
   * @throws dev.hearth.chassis.StartupException if something is the user's to mend
   * @throws dev.hearth.chassis.config.ConfigException if the configuration does not fit the source
   */
  public void start() {
    lifecycle.start();
  }

  public Health health() {
    return health;
  }

  public Metrics metrics() {
    return metrics;
  }

  /** The warmer, where this process has the role. */
  public Optional<Warmer> warmer() {
    return warmer;
  }

  /** Routes of this process, as {@code GET /v1/status}. */
  Set<String> endpoints() {
    return http.endpoints();
  }

  /** Where this process answers, once it has started. */
  public URI uri() {
    return http.uri();
  }

  /** Stores as readers and fillers see them. */
  public Map<String, dev.hearth.store.FencedStore> readers() {
    return stores.readers();
  }

  @Override
  public void close() {
    lifecycle.close();
    stores.close();
    metrics.close();
  }
}
