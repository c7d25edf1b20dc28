package dev.hearth.invalidator;

import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/**
 * Asks the broker whether records went by that a group never read: what was not read within the
 * topic's retention is gone, and a consumer would go on behind it without a word.
 */
final class LogGap {
  private static final long BOUND_SECONDS = 30;

  private LogGap() {}

  /**
   * Whether the topic, of one partition, begins behind what the group has committed; where it has
   * committed nothing, or its offsets were forgotten, whether anything is gone at all.
   *
   * @throws KafkaException if the broker does not tell within 30 s
   */
  static boolean isBefore(String group, String topic, Map<String, Object> kafka) {
    TopicPartition partition = new TopicPartition(topic, 0);
    try (Admin admin = Admin.create(kafka)) {
      @Nullable OffsetAndMetadata committed =
          admin
              .listConsumerGroupOffsets(group)
              .partitionsToOffsetAndMetadata()
              .get(BOUND_SECONDS, TimeUnit.SECONDS)
              .get(partition);
      long first =
          admin
              .listOffsets(Map.of(partition, OffsetSpec.earliest()))
              .partitionResult(partition)
              .get(BOUND_SECONDS, TimeUnit.SECONDS)
              .offset();
      return first > (committed == null ? 0 : committed.offset());
    } catch (ExecutionException | TimeoutException e) {
      throw new KafkaException(
          "the broker does not tell how far group " + group + " has read topic " + topic, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new KafkaException("interrupted", e);
    }
  }
}
