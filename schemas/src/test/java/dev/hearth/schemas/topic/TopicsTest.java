package dev.hearth.schemas.topic;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.clients.admin.NewTopic;
import org.junit.jupiter.api.Test;

class TopicsTest {
  private final Topics topics = new Topics("shop");

  @Test
  void everyTopicCarriesTheInstallationsPrefix() {
    assertThat(topics.all())
        .extracting(Topic::name)
        .containsExactlyInAnyOrder(
            "shop.changes",
            "shop.snapshots",
            "shop.invalidations",
            "shop.epochs",
            "shop.applied",
            "shop.accesses",
            "shop.hot-keys",
            "shop.warmups",
            "shop.pauses",
            "shop.warmup-requests",
            "shop.trigger-claims",
            "shop.audits",
            "shop.dead-letters");
  }

  @Test
  void theLogOfChangesHasOnePartitionAndIsKeptForAWeek() {
    NewTopic changes = topics.changes().definition((short) 1);

    assertThat(changes.numPartitions()).isEqualTo(1);
    assertThat(changes.configs())
        .isEqualTo(
            Map.of(
                "cleanup.policy", "delete", "retention.ms", "604800000", "retention.bytes", "-1"));
  }

  @Test
  void whatIsLookedUpIsCompactedAndThreeReplicasMeanTwoInSync() {
    assertThat(topics.epochs().definition((short) 3).configs())
        .isEqualTo(Map.of("cleanup.policy", "compact", "min.insync.replicas", "2"));
  }

  @Test
  void everyTopicIsPartitionedAndKeptAsTheSurfaceSays() {
    Map<String, String> kept = new TreeMap<>();
    for (Topic<?, ?> topic : topics.all()) {
      kept.put(
          topic.name(),
          topic.partitions()
              + " "
              + topic.retention().map(time -> time.toDays() + " days").orElse("compacted"));
    }

    assertThat(kept)
        .isEqualTo(
            Map.ofEntries(
                Map.entry("shop.changes", "1 7 days"),
                Map.entry("shop.snapshots", "1 compacted"),
                Map.entry("shop.invalidations", "4 7 days"),
                Map.entry("shop.epochs", "1 compacted"),
                Map.entry("shop.applied", "1 1 days"),
                Map.entry("shop.accesses", "4 1 days"),
                Map.entry("shop.hot-keys", "1 compacted"),
                Map.entry("shop.warmups", "1 compacted"),
                Map.entry("shop.audits", "1 30 days"),
                Map.entry("shop.pauses", "1 compacted"),
                Map.entry("shop.warmup-requests", "1 1 days"),
                Map.entry("shop.trigger-claims", "1 1 days"),
                Map.entry("shop.dead-letters", "1 30 days")));
  }
}
