package dev.hearth.schemas.topic;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
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
            "shop.invalidations",
            "shop.epochs",
            "shop.applied",
            "shop.accesses",
            "shop.hot-keys",
            "shop.warmups",
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
}
