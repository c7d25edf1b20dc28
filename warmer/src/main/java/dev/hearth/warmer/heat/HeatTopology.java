package dev.hearth.warmer.heat;

import dev.hearth.chassis.metrics.Metrics;
import dev.hearth.schemas.access.AccessReport;
import dev.hearth.schemas.topic.Topic;
import dev.hearth.schemas.topic.Topics;
import java.nio.file.Path;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.kstream.Branched;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Named;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.Repartitioned;
import org.apache.kafka.streams.state.Stores;

/**
 * Access reports to hot keys.
 *
 * <pre>
 * accesses (4) ──▶ read-reports ──▶ key-by-cache ──▶ by-cache-repartition (4) ──▶ heat ──▶ hot-keys (1)
 *                       └──▶ dead-letters                                    store: heat
 * </pre>
 *
 * <p>The key of a report is its client, so the counts of one cache come in over all partitions.
 * They are brought together by a repartition topic keyed by cache: one task owns a cache, and its
 * error bound needs no second sketch on top of others. It costs little, for clients have summed
 * their reads up already: a few records a second for each of them, whatever they read. Keying by
 * cache in the client would cost it a record for each cache and make every client's author get it
 * right.
 */
public final class HeatTopology {
  private static final String BY_CACHE = "by-cache";

  private HeatTopology() {}

  /** Topics that Kafka Streams makes for the topology. */
  public static Set<String> ownTopics(String applicationId) {
    return Set.of(
        applicationId + "-" + BY_CACHE + "-repartition",
        applicationId + "-" + HeatProcessor.STORE + "-changelog");
  }

  /**
   * The topology.
   *
   * @param caches names in the configuration; counts of others are left out
   */
  public static Topology build(
      Topics topics, Set<String> caches, HeatSettings settings, Metrics metrics) {
    Topic<String, AccessReport> accesses = topics.accesses();
    StreamsBuilder builder = new StreamsBuilder();
    builder.addStateStore(
        Stores.keyValueStoreBuilder(
                Stores.inMemoryKeyValueStore(HeatProcessor.STORE),
                Serdes.String(),
                Serdes.ByteArray())
            .withLoggingEnabled(Map.of()));

    builder.stream(
            accesses.name(),
            Consumed.with(Serdes.ByteArray(), Serdes.ByteArray()).withName("accesses"))
        .process(() -> new ReportReader(caches, metrics), Named.as("read-reports"))
        .split(Named.as("reports-"))
        .branch(
            ReadReport::isUnreadable,
            Branched.withConsumer(unreadable -> setAside(unreadable, topics), "unreadable"))
        .defaultBranch(
            Branched.withConsumer(usable -> toHotKeys(usable, topics, settings), "usable"));
    return builder.build();
  }

  private static void setAside(KStream<byte[], ReadReport> unreadable, Topics topics) {
    unreadable
        .mapValues(ReadReport::asItCame, Named.as("as-it-came"))
        .to(
            topics.deadLetters().name(),
            Produced.with(Serdes.ByteArray(), Serdes.ByteArray()).withName("dead-letters"));
  }

  private static void toHotKeys(
      KStream<byte[], ReadReport> usable, Topics topics, HeatSettings settings) {
    usable
        .map(ReadReport::byCache, Named.as("key-by-cache"))
        .repartition(
            Repartitioned.with(Serdes.String(), topics.accesses().value())
                .withName(BY_CACHE)
                .withNumberOfPartitions(topics.accesses().partitions()))
        .process(() -> new HeatProcessor(settings), Named.as("heat"), HeatProcessor.STORE)
        .to(
            topics.hotKeys().name(),
            Produced.with(topics.hotKeys().key(), topics.hotKeys().value()).withName("hot-keys"));
  }

  /**
   * How the topology is run.
   *
   * @param kafka bootstrap servers, security and what else the user set for all clients
   * @param stateDirectory for locks and checkpoints; the state itself is in memory and its
   *     changelog
   */
  public static Properties configuration(
      Map<String, String> kafka, String applicationId, Path stateDirectory) {
    Properties all = new Properties();
    all.putAll(kafka);
    all.put(StreamsConfig.APPLICATION_ID_CONFIG, applicationId);
    all.put(StreamsConfig.STATE_DIR_CONFIG, stateDirectory.toString());
    // The newer streams protocol ignores standby settings.
    all.put(StreamsConfig.GROUP_PROTOCOL_CONFIG, "classic");
    all.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.AT_LEAST_ONCE);
    all.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 1_000);
    all.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 1);
    all.put(StreamsConfig.producerPrefix(ProducerConfig.LINGER_MS_CONFIG), 0);
    all.put(StreamsConfig.consumerPrefix(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG), "earliest");
    // A crashed instance is replaced after this: the state is small and restored at once.
    all.put(StreamsConfig.consumerPrefix(ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG), 10_000);
    return all;
  }
}
