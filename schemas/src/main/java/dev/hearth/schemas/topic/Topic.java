package dev.hearth.schemas.topic;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.serialization.Serde;

/**
 * A topic as a value: what it is called, what it carries, how it is kept.
 *
 * @param partitions at least 1
 * @param retention how long records are kept; empty where the topic is compacted
 */
public record Topic<K, V>(
    String name, Serde<K> key, Serde<V> value, int partitions, Optional<Duration> retention) {

  /** What to ask a broker for. The replication factor is 1 to the number of brokers. */
  public NewTopic definition(short replication) {
    Map<String, String> settings =
        retention
            .map(
                kept ->
                    Map.of(
                        TopicConfig.CLEANUP_POLICY_CONFIG,
                        TopicConfig.CLEANUP_POLICY_DELETE,
                        TopicConfig.RETENTION_MS_CONFIG,
                        Long.toString(kept.toMillis()),
                        TopicConfig.RETENTION_BYTES_CONFIG,
                        "-1"))
            .orElse(Map.of(TopicConfig.CLEANUP_POLICY_CONFIG, TopicConfig.CLEANUP_POLICY_COMPACT));
    Map<String, String> durable =
        replication >= 3 ? Map.of(TopicConfig.MIN_IN_SYNC_REPLICAS_CONFIG, "2") : Map.of();
    Map<String, String> all = new HashMap<>(settings);
    all.putAll(durable);
    return new NewTopic(name, partitions, replication).configs(all);
  }
}
