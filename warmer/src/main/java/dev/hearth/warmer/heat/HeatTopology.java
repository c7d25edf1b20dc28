package dev.hearth.warmer.heat;

import dev.hearth.chassis.metrics.Metrics;
import dev.hearth.schemas.key.KeyTemplate;
import dev.hearth.schemas.topic.Topics;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.AutoOffsetReset;
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
 * accesses (4) ──▶ read-reports ──▶ key-by-cache ─┬▶ by-cache-repartition (4) ──▶ heat ──▶ hot-keys (1)
 *                       └──▶ dead-letters         │                          store: heat
 * invalidations (4) ──▶ read-writes ──────────────┘
 * </pre>
 *
 * <p>The key of a report is its client, so the counts of one cache come in over all partitions.
 * They are brought together by a repartition topic keyed by cache: one task owns a cache, and its
 * error bound needs no second sketch on top of others. It costs little, for clients have summed
 * their reads up already: a few records a second for each of them, whatever they read. Keying by
 * cache in the client would cost it a record for each cache and make every client's author get it
 * right.
 *
 * <p>Invalidations come by the slot of their key, in other partitions and by another hash than the
 * reports, so no partition of one can be joined with a partition of the other. Both go by cache,
 * and meet in the task that owns it. It is no join of streams: a write only counts, beside the
 * reads, for a key that has a counter.
 */
public final class HeatTopology {
  private static final String BY_CACHE = "by-cache";

  /** Where no group has read yet. Writes before a key is hot count for nothing anyway. */
  private static final Duration WRITES_TO_BEGIN_WITH = Duration.ofHours(1);

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
   * @param caches templates of their keys, by their names in the configuration; what is of no other
   *     cache or key is left out
   */
  public static Topology build(
      Topics topics, Map<String, KeyTemplate> caches, HeatSettings settings, Metrics metrics) {
    Map<String, CacheKeys> keys =
        caches.entrySet().stream()
            .collect(
                Collectors.toUnmodifiableMap(
                    Map.Entry::getKey, each -> new CacheKeys(each.getValue())));
    CountCheck check = new CountCheck(keys, settings);
    StreamsBuilder builder = new StreamsBuilder();
    builder.addStateStore(
        Stores.keyValueStoreBuilder(
            Stores.inMemoryKeyValueStore(HeatProcessor.STORE),
            Serdes.String(),
            Serdes.ByteArray()));
    KStream<String, HeatNews> writes =
        builder.stream(
                topics.invalidations().name(),
                Consumed.with(Serdes.ByteArray(), Serdes.ByteArray())
                    .withName("invalidations")
                    .withOffsetResetPolicy(AutoOffsetReset.byDuration(WRITES_TO_BEGIN_WITH)))
            .process(() -> new WriteReader(keys, settings, metrics), Named.as("read-writes"));
    builder.stream(
            topics.accesses().name(),
            Consumed.with(Serdes.ByteArray(), Serdes.ByteArray()).withName("accesses"))
        .process(() -> new ReportReader(check, metrics), Named.as("read-reports"))
        .split(Named.as("reports-"))
        .branch(
            ReadReport::isUnreadable,
            Branched.withConsumer(unreadable -> setAside(unreadable, topics), "unreadable"))
        .defaultBranch(
            Branched.withConsumer(usable -> toHotKeys(usable, writes, topics, settings), "usable"));
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
      KStream<byte[], ReadReport> usable,
      KStream<String, HeatNews> writes,
      Topics topics,
      HeatSettings settings) {
    usable
        .map(ReadReport::byCache, Named.as("key-by-cache"))
        .merge(writes, Named.as("reads-and-writes"))
        .repartition(
            Repartitioned.with(Serdes.String(), HeatNewsSerde.of(topics.accesses().value()))
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
