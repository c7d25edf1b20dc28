package dev.hearth.cli.doctor;

import dev.hearth.chassis.config.HearthConfig;
import dev.hearth.chassis.kafka.KafkaTopics;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConsumerGroupDescription;
import org.apache.kafka.clients.admin.DescribeClusterOptions;
import org.apache.kafka.clients.admin.DescribeTopicsOptions;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.config.ConfigResource;

/** A Kafka cluster, asked by its admin client. Not thread-safe. */
final class KafkaSession implements AutoCloseable {
  private static final Duration BOUND = Duration.ofSeconds(10);

  private final Admin admin;
  private final int brokers;
  private final Set<AclOperation> allowed;

  private KafkaSession(Admin admin, int brokers, Set<AclOperation> allowed) {
    this.admin = admin;
    this.brokers = brokers;
    this.allowed = Set.copyOf(allowed);
  }

  /**
   * Connects.
   *
   * @throws IllegalStateException with a sentence for the user
   */
  static KafkaSession open(HearthConfig.Kafka kafka) throws InterruptedException {
    Map<String, Object> properties =
        new HashMap<>(KafkaTopics.clientProperties(kafka.bootstrapServers(), kafka.properties()));
    properties.put(AdminClientConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, (int) BOUND.toMillis());
    properties.put(AdminClientConfig.REQUEST_TIMEOUT_MS_CONFIG, (int) BOUND.toMillis());
    Admin admin = null;
    try {
      admin = Admin.create(properties);
      var cluster =
          admin.describeCluster(
              new DescribeClusterOptions()
                  .includeAuthorizedOperations(true)
                  .timeoutMs((int) BOUND.toMillis()));
      Set<AclOperation> allowed = await(cluster.authorizedOperations());
      return new KafkaSession(
          admin, await(cluster.nodes()).size(), allowed == null ? Set.of() : allowed);
    } catch (InterruptedException e) {
      throw e;
    } catch (Exception e) {
      if (admin != null) {
        admin.close(Duration.ZERO);
      }
      throw new IllegalStateException(
          "kafka.bootstrapServers: no broker answers at "
              + kafka.bootstrapServers()
              + " within "
              + BOUND.toSeconds()
              + " s ("
              + Reasons.of(e)
              + "); check the address, that Kafka runs, and that its advertised listeners can be"
              + " reached from here",
          e);
    }
  }

  int brokers() {
    return brokers;
  }

  /** Empty where the brokers do not tell, which those without an authorizer may do. */
  Set<AclOperation> allowed() {
    return allowed;
  }

  /** Level of the cluster's metadata; 0 where it has none (ZooKeeper). */
  short metadataLevel() throws Exception {
    var level =
        await(admin.describeFeatures().featureMetadata())
            .finalizedFeatures()
            .get("metadata.version");
    return level == null ? 0 : level.maxVersionLevel();
  }

  /** Those that exist, by name. */
  Map<String, TopicDescription> topics(Collection<String> names) throws Exception {
    Set<String> existing = new java.util.TreeSet<>(await(admin.listTopics().names()));
    existing.retainAll(names);
    return await(
        admin
            .describeTopics(existing, new DescribeTopicsOptions().includeAuthorizedOperations(true))
            .allTopicNames());
  }

  /** Settings of topics, by topic and name. */
  Map<String, Config> settings(Collection<String> topics) throws Exception {
    Map<String, Config> settings = new LinkedHashMap<>();
    await(
            admin
                .describeConfigs(
                    topics.stream()
                        .map(topic -> new ConfigResource(ConfigResource.Type.TOPIC, topic))
                        .toList())
                .all())
        .forEach((topic, config) -> settings.put(topic.name(), config));
    return settings;
  }

  /** Groups that are there, by id. */
  Map<String, ConsumerGroupDescription> groups(Collection<String> ids) throws Exception {
    Set<String> existing = new java.util.TreeSet<>();
    await(admin.listGroups().all()).forEach(group -> existing.add(group.groupId()));
    existing.retainAll(ids);
    return await(admin.describeConsumerGroups(existing).all());
  }

  private static <T> T await(KafkaFuture<T> answer) throws Exception {
    return answer.get(BOUND.toMillis(), TimeUnit.MILLISECONDS);
  }

  @Override
  public void close() {
    admin.close(Duration.ofSeconds(1));
  }
}
