package dev.hearth.chassis.kafka;

import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;

/**
 * Settings of the clients that instances agree through: few, small records, each of which counts,
 * and someone waits for each. They win over what the user set for all clients. Stateless; every
 * answer is a new map, to be added to.
 */
public final class KafkaClients {
  private static final int LONGEST_BLOCK_MILLIS = 5_000;
  private static final int LONGEST_REQUEST_MILLIS = 5_000;

  /** After which a record is given up, and the caller told so. */
  private static final int LONGEST_DELIVERY_MILLIS = 10_000;

  private KafkaClients() {}

  /**
   * Of a consumer to which all that a topic holds is news.
   *
   * @param kafka bootstrap servers, security and what else the user set for all clients
   */
  public static Map<String, Object> readingFromTheBeginning(Map<String, String> kafka) {
    return reading(kafka, "earliest");
  }

  /**
   * Of a consumer to which only what comes from now on means something.
   *
   * @param kafka bootstrap servers, security and what else the user set for all clients
   */
  public static Map<String, Object> readingFromNow(Map<String, String> kafka) {
    return reading(kafka, "latest");
  }

  /** A typing error must not become a topic, and no offset be committed before its effect. */
  private static Map<String, Object> reading(Map<String, String> kafka, String from) {
    Map<String, Object> settings = new HashMap<>(kafka);
    settings.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
    settings.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, from);
    settings.put(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, false);
    return settings;
  }

  /**
   * Of a producer whose acknowledged records cannot be lost, nor their order. A record that is not
   * acknowledged within 10 s fails; a broker that is away holds the caller for at most 5 s.
   *
   * @param kafka bootstrap servers, security and what else the user set for all clients
   */
  public static Map<String, Object> writing(Map<String, String> kafka) {
    Map<String, Object> settings = new HashMap<>(kafka);
    settings.put(ProducerConfig.ACKS_CONFIG, "all");
    settings.put(ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG, true);
    settings.put(ProducerConfig.LINGER_MS_CONFIG, 0);
    settings.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, LONGEST_BLOCK_MILLIS);
    settings.put(ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG, LONGEST_REQUEST_MILLIS);
    settings.put(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, LONGEST_DELIVERY_MILLIS);
    return settings;
  }
}
