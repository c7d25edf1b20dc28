package dev.hearth.cli;

import dev.hearth.chassis.StartupException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.ConsumerGroupDescription;
import org.apache.kafka.clients.admin.GroupListing;
import org.apache.kafka.clients.admin.ListTopicsOptions;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.errors.GroupIdNotFoundException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;

/** Topics and consumer groups. Each by its whole name: a prefix may begin another one's. */
final class KafkaRemnant implements Remnant {
  private static final Duration BOUND = Duration.ofSeconds(30);
  private static final Duration CLOSE_BOUND = Duration.ofSeconds(2);

  private final Admin admin;
  private final String address;
  private final Set<String> wantedTopics;
  private final Set<String> wantedGroups;
  private final Set<String> topics = new TreeSet<>();
  private final Set<String> groups = new TreeSet<>();

  /**
   * Connects in the background.
   *
   * @param topics names of all that may be there
   * @param groups likewise
   */
  KafkaRemnant(Map<String, Object> kafka, Set<String> topics, Set<String> groups) {
    this.address = String.valueOf(kafka.get(AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG));
    this.wantedTopics = Set.copyOf(topics);
    this.wantedGroups = Set.copyOf(groups);
    try {
      this.admin = Admin.create(kafka);
    } catch (KafkaException e) {
      throw new StartupException(
          "kafka.bootstrapServers: " + address + " cannot be used; correct it", Hearth.USAGE, e);
    }
  }

  @Override
  public List<String> find() {
    topics.addAll(await(admin.listTopics(new ListTopicsOptions().listInternal(true)).names()));
    topics.retainAll(wantedTopics);
    for (GroupListing listing : await(admin.listGroups().all())) {
      if (wantedGroups.contains(listing.groupId())) {
        groups.add(listing.groupId());
      }
    }
    for (ConsumerGroupDescription group :
        await(admin.describeConsumerGroups(groups).all()).values()) {
      if (!group.members().isEmpty()) {
        throw new StartupException(
            "kafka: group "
                + group.groupId()
                + " is in use by "
                + group.members().iterator().next().clientId()
                + "; stop the services of this installation (one that was killed is let go after"
                + " 10 s), then tear it down",
            Hearth.FAILED);
      }
    }
    List<String> found = new ArrayList<>();
    topics.forEach(topic -> found.add("topic " + topic));
    groups.forEach(group -> found.add("consumer group " + group));
    return found;
  }

  @Override
  public void remove() {
    admin.deleteConsumerGroups(groups).deletedGroups().values().forEach(this::awaitGone);
    admin.deleteTopics(new HashSet<>(topics)).topicNameValues().values().forEach(this::awaitGone);
  }

  private void awaitGone(KafkaFuture<Void> deleted) {
    try {
      deleted.get(BOUND.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      if (!(e.getCause() instanceof UnknownTopicOrPartitionException
          || e.getCause() instanceof GroupIdNotFoundException)) {
        throw refused(e.getCause() == null ? e : e.getCause());
      }
    } catch (TimeoutException e) {
      throw refused(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw refused(e);
    }
  }

  private <T> T await(KafkaFuture<T> answer) {
    try {
      return answer.get(BOUND.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      throw refused(e.getCause() == null ? e : e.getCause());
    } catch (TimeoutException e) {
      throw refused(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw refused(e);
    }
  }

  private StartupException refused(Throwable cause) {
    return new StartupException(
        "kafka.bootstrapServers: "
            + address
            + " does not answer or refuses ("
            + cause.getClass().getSimpleName()
            + ": "
            + cause.getMessage()
            + "); check the address and what this user may do, then run teardown again",
        Hearth.FAILED,
        cause);
  }

  @Override
  public void close() {
    admin.close(CLOSE_BOUND);
  }
}
