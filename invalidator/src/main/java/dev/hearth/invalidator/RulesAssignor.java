package dev.hearth.invalidator;

import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor;
import org.apache.kafka.common.Cluster;
import org.apache.kafka.common.Configurable;

/**
 * Assigns nothing to anybody, under a name that says which rules a member has. A broker lets only
 * members into a group that have an assignor's name in common: so it keeps those with other rules
 * out. Public for Kafka, which makes it.
 */
public final class RulesAssignor implements ConsumerPartitionAssignor, Configurable {
  /** Property of the consumer: fingerprint of its rules. */
  static final String FINGERPRINT = "hearth.rules.fingerprint";

  static final String NAME_PREFIX = "rules-";

  private String name = NAME_PREFIX;

  @Override
  public void configure(Map<String, ?> properties) {
    name = NAME_PREFIX + properties.get(FINGERPRINT);
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public GroupAssignment assign(Cluster cluster, GroupSubscription members) {
    return new GroupAssignment(
        members.groupSubscription().keySet().stream()
            .collect(Collectors.toMap(member -> member, member -> new Assignment(List.of()))));
  }
}
