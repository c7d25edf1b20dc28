package dev.hearth.invalidator;

import dev.hearth.chassis.Component;
import dev.hearth.chassis.StartupException;
import dev.hearth.chassis.config.ConfigException;
import dev.hearth.chassis.config.HearthConfig;
import dev.hearth.chassis.health.Health;
import dev.hearth.chassis.metrics.Metrics;
import dev.hearth.invalidator.delivery.Delivery;
import dev.hearth.invalidator.delivery.StoreCaches;
import dev.hearth.invalidator.derivation.InvalidationTopology;
import dev.hearth.invalidator.derivation.Rules;
import dev.hearth.schemas.key.KeyTemplate;
import dev.hearth.schemas.topic.Topics;
import dev.hearth.store.DeliveryTarget;
import dev.hearth.store.FencedStore;
import java.time.Clock;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Changes to invalidations to stores: one stream that derives, and a delivery for each store. They
 * share nothing but the topic between them, so that a store that is away never stops the stream.
 */
public final class Invalidator {
  private static final Logger LOG = LoggerFactory.getLogger(Invalidator.class);

  private Invalidator() {}

  /**
   * Every mistake of caches and rules that can be seen without the database.
   *
   * @throws ConfigException with all of them
   */
  public static Rules check(HearthConfig config) {
    return Rules.compile(config);
  }

  /**
   * The parts of the service, in the order in which they start.
   *
   * @param kafka properties of every Kafka client, bootstrap servers among them
   * @param connectors by store, how a delivery connects to it
   * @param readers by store, to list its keys where a plain cache has to be emptied; they stay the
   *     caller's
   */
  public static List<Component> components(
      HearthConfig config,
      Topics topics,
      Map<String, Object> kafka,
      Map<String, Supplier<DeliveryTarget>> connectors,
      Map<String, FencedStore> readers,
      Metrics metrics,
      Health health,
      Clock clock) {
    Rules rules = check(config);
    List<Component> components = new ArrayList<>();
    components.add(
        new RulesAgreement(
            topics,
            rules.fingerprint(),
            kafka,
            RulesAgreement.PATIENCE,
            () -> closeAll(components),
            health));
    components.add(
        new DerivationStream(
            topics,
            rules,
            kafka,
            config.dataDirectory().resolve("streams"),
            metrics,
            health,
            clock));
    Correspondence correspondence = new Correspondence(topics, kafka);
    components.add(Component.of("delivery-correspondence", () -> {}, correspondence::close));
    config
        .stores()
        .keySet()
        .forEach(
            store -> {
              Supplier<DeliveryTarget> connector = connectors.get(store);
              FencedStore reader = readers.get(store);
              if (connector == null || reader == null) {
                throw new StartupException("stores." + store + ": there is no way to connect", 2);
              }
              components.add(
                  new Delivery(
                      store,
                      connector,
                      caches(config, store),
                      (cache, prefix) -> reader.keys(cache, prefix),
                      topics,
                      consumer(topics, kafka, store),
                      () -> TopicId.of(topics.invalidations().name(), kafka),
                      correspondence,
                      metrics,
                      health,
                      clock));
            });
    return components;
  }

  /** Topics that this service keeps for itself, beside those of {@link Topics}. */
  public static Set<String> ownTopics(Topics topics) {
    return Stream.of(InvalidationTopology.CACHES, InvalidationTopology.ROWS)
        .map(store -> DerivationStream.application(topics) + "-" + store + "-changelog")
        .collect(Collectors.toUnmodifiableSet());
  }

  /** Consumer groups of this service, those of its deliveries among them. */
  public static Set<String> groups(HearthConfig config, Topics topics) {
    Set<String> groups = new LinkedHashSet<>();
    groups.add(RulesAgreement.group(topics));
    groups.add(DerivationStream.application(topics));
    config.stores().keySet().forEach(store -> groups.add(deliveryGroup(topics, store)));
    return groups;
  }

  private static String deliveryGroup(Topics topics, String store) {
    return topics.prefix() + "-delivery-" + store;
  }

  /** Others have taken over with other rules: what this one would do is no longer right. */
  private static void closeAll(List<Component> components) {
    for (Component component : components.subList(1, components.size())) {
      try {
        component.close();
      } catch (Exception e) {
        LOG.warn("failed to close component={}", component.name(), e);
      }
    }
  }

  private static StoreCaches caches(HearthConfig config, String store) {
    Set<String> fenced = new LinkedHashSet<>();
    Map<String, StoreCaches.Plain> plain = new LinkedHashMap<>();
    Set<String> observed = new LinkedHashSet<>();
    config
        .caches()
        .forEach(
            (name, cache) -> {
              if (!cache.stores().contains(store)) {
                return;
              }
              switch (cache.mode()) {
                case FENCED -> fenced.add(name);
                case PLAIN ->
                    plain.put(
                        name,
                        new StoreCaches.Plain(
                            KeyTemplate.parse(cache.key()), cache.deleteAgainAfter()));
                case OBSERVE -> observed.add(name);
              }
            });
    return new StoreCaches(fenced, plain, observed);
  }

  private static KafkaConsumer<byte[], byte[]> consumer(
      Topics topics, Map<String, Object> kafka, String store) {
    Map<String, Object> properties = new java.util.HashMap<>(kafka);
    properties.put(ConsumerConfig.GROUP_ID_CONFIG, deliveryGroup(topics, store));
    properties.put(ConsumerConfig.CLIENT_ID_CONFIG, deliveryGroup(topics, store));
    properties.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, "false");
    properties.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "none");
    properties.put(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, "5000");
    properties.put(ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG, "10000");
    properties.put(ConsumerConfig.HEARTBEAT_INTERVAL_MS_CONFIG, "3000");
    return new KafkaConsumer<>(
        properties, new ByteArrayDeserializer(), new ByteArrayDeserializer());
  }
}
