package dev.hearth.invalidator;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.KafkaException;

/**
 * Asks the broker which topic a name stands for: one that was deleted and created again is another.
 */
final class TopicId {
  private static final long BOUND_SECONDS = 10;

  private TopicId() {}

  static String of(String topic, Map<String, Object> kafka) {
    try (Admin admin = Admin.create(kafka)) {
      TopicDescription description =
          admin
              .describeTopics(List.of(topic))
              .allTopicNames()
              .get(BOUND_SECONDS, TimeUnit.SECONDS)
              .get(topic);
      if (description == null) {
        throw new KafkaException("the broker does not tell of topic " + topic);
      }
      return description.topicId().toString();
    } catch (ExecutionException | TimeoutException e) {
      throw new KafkaException("the broker does not tell the id of topic " + topic, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new KafkaException("interrupted", e);
    }
  }
}
