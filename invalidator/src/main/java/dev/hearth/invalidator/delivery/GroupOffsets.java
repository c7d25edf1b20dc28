package dev.hearth.invalidator.delivery;

import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;

/**
 * Tells the broker how far a delivery is: for whoever watches its group's lag. Nobody goes on from
 * there, so a commit may get lost. For the delivery's thread.
 */
final class GroupOffsets {
  private static final Duration COMMIT_INTERVAL = Duration.ofSeconds(1);

  private final KafkaConsumer<byte[], byte[]> consumer;
  private final Map<TopicPartition, OffsetAndMetadata> untold = new HashMap<>();
  private long lastCommitNanos = System.nanoTime();

  GroupOffsets(KafkaConsumer<byte[], byte[]> consumer) {
    this.consumer = consumer;
  }

  void applied(TopicPartition partition, long lastOffset) {
    untold.put(partition, new OffsetAndMetadata(lastOffset + 1));
  }

  /** Leaves out partitions that are another member's now. */
  void revoked(Collection<TopicPartition> partitions) {
    untold.keySet().removeAll(partitions);
  }

  /** Commits where it is time to. */
  void commit() {
    long now = System.nanoTime();
    if (now - lastCommitNanos >= COMMIT_INTERVAL.toNanos()) {
      lastCommitNanos = now;
      consumer.commitAsync(Map.copyOf(untold), null);
      untold.clear();
    }
  }
}
