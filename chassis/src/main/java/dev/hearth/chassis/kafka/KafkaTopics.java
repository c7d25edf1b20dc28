package dev.hearth.chassis.kafka;

import dev.hearth.chassis.StartupException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.DescribeClusterOptions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.errors.TopicExistsException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Creates topics that are missing; those that exist are left as they are. Stateless. */
public final class KafkaTopics {

  private static final Logger log = LoggerFactory.getLogger(KafkaTopics.class);
  private static final Duration BOUND = Duration.ofSeconds(10);
  private static final short MOST_REPLICAS = 3;

  private KafkaTopics() {}

  /** Properties of every client: the address, and what the user set. */
  public static Map<String, Object> clientProperties(
      String bootstrapServers, Map<String, String> furtherProperties) {
    Map<String, Object> properties = new HashMap<>(furtherProperties);
    properties.put(AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrapServers);
    return Map.copyOf(properties);
  }

  /**
   * Creates what is missing, with as many replicas as there are brokers, at most three.
   *
   * @param definitions the topics' definitions for a replication factor
   * @throws StartupException when the broker does not answer within 10 seconds or refuses
   */
  public static void ensure(
      Map<String, Object> clientProperties, Function<Short, Collection<NewTopic>> definitions) {
    String address =
        String.valueOf(clientProperties.get(AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG));
    try (Admin admin = Admin.create(clientProperties)) {
      int brokers =
          await(
                  admin
                      .describeCluster(
                          new DescribeClusterOptions().timeoutMs((int) BOUND.toMillis()))
                      .nodes())
              .size();
      short replication = (short) Math.max(1, Math.min(MOST_REPLICAS, brokers));
      Set<String> existing = await(admin.listTopics().names());
      List<NewTopic> missing = new ArrayList<>();
      Map<String, Integer> present = new LinkedHashMap<>();
      for (NewTopic topic : definitions.apply(replication)) {
        if (existing.contains(topic.name())) {
          present.put(topic.name(), topic.numPartitions());
        } else {
          missing.add(topic);
        }
      }
      refuseOtherPartitions(admin, present);
      for (Map.Entry<String, KafkaFuture<Void>> created :
          admin.createTopics(missing).values().entrySet()) {
        try {
          await(created.getValue());
          log.info("topic created name={}", created.getKey());
        } catch (ExecutionException e) {
          if (!(e.getCause() instanceof TopicExistsException)) {
            throw e;
          }
        }
      }
    } catch (ExecutionException | TimeoutException e) {
      Throwable cause = e instanceof ExecutionException && e.getCause() != null ? e.getCause() : e;
      throw new StartupException(
          "kafka.bootstrapServers: no broker answers at "
              + address
              + " within "
              + BOUND.toSeconds()
              + " s ("
              + cause.getClass().getSimpleName()
              + ": "
              + cause.getMessage()
              + "); check the address, that Kafka runs, and that its advertised listeners can be"
              + " reached from here",
          1,
          cause);
    } catch (KafkaException e) {
      Throwable cause = e.getCause() == null ? e : e.getCause();
      throw new StartupException(
          "kafka.bootstrapServers: "
              + address
              + " cannot be used ("
              + cause.getMessage()
              + "); correct the address or kafka.properties",
          2,
          e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new StartupException("interrupted while waiting for Kafka", 1, e);
    }
  }

  /** Which partition carries a key follows from their number: another one would lose order. */
  private static void refuseOtherPartitions(Admin admin, Map<String, Integer> expected)
      throws ExecutionException, TimeoutException, InterruptedException {
    for (TopicDescription found :
        await(admin.describeTopics(expected.keySet()).allTopicNames()).values()) {
      int wanted = expected.getOrDefault(found.name(), 0);
      if (found.partitions().size() != wanted) {
        throw new StartupException(
            "kafka.topicPrefix: topic %s has %d partitions; expected %d; delete it, or choose another prefix"
                .formatted(found.name(), found.partitions().size(), wanted),
            2);
      }
    }
  }

  private static <T> T await(KafkaFuture<T> future)
      throws ExecutionException, TimeoutException, InterruptedException {
    return future.get(BOUND.toMillis(), TimeUnit.MILLISECONDS);
  }
}
