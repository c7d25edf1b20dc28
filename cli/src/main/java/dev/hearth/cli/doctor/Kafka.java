package dev.hearth.cli.doctor;

import dev.hearth.chassis.config.HearthConfig;
import dev.hearth.invalidator.Invalidator;
import dev.hearth.schemas.topic.Topic;
import dev.hearth.schemas.topic.Topics;
import dev.hearth.warmer.Warmer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConsumerGroupDescription;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.config.TopicConfig;

/** The Kafka cluster. */
public final class Kafka {
  private static final int MOST_REPLICAS = 3;

  /** Of 3.7: MetadataVersion.IBP_3_7_IV0. */
  private static final short OLDEST_METADATA = 15;

  private static final long LARGEST_RECORD = 1 << 20;

  private Kafka() {}

  /** Of topics, groups and brokers. */
  public static Examination<?> examination(HearthConfig config) {
    Topics topics = new Topics(config.kafka().topicPrefix());
    Set<String> groups = new LinkedHashSet<>(Invalidator.groups(config, topics));
    groups.addAll(Warmer.groups(topics));
    return new Examination<>(
        "Kafka",
        () -> KafkaSession.open(config.kafka()),
        List.of(
            Check.of("version", KafkaSession::metadataLevel, Kafka::version),
            Check.of("brokers", KafkaSession::brokers, Kafka::brokers),
            Check.several("topics", kafka -> topics(kafka, topics), found -> topics(found, topics)),
            Check.of("access", kafka -> topics(kafka, topics), Kafka::access),
            Check.of("groups", kafka -> kafka.groups(groups), Kafka::groups),
            Check.of(
                "rules",
                kafka -> agreed(kafka, topics),
                theirs -> rules(theirs, Invalidator.check(config).fingerprint()))));
  }

  static Verdict version(short level) {
    if (level == 0) {
      return Verdict.problem(
          "runs with ZooKeeper, or is older than 3.3; expected 3.7 or newer with KRaft",
          "upgrade it");
    }
    return level >= OLDEST_METADATA
        ? Verdict.ok("metadata level " + level)
        : Verdict.problem(
            "metadata level " + level + " is older than 3.7's, " + OLDEST_METADATA,
            "upgrade it, then kafka-features.sh upgrade --release-version 3.7");
  }

  static Verdict brokers(int brokers) {
    return brokers >= MOST_REPLICAS
        ? Verdict.ok(brokers + " brokers")
        : Verdict.warning(
            brokers
                + (brokers == 1 ? " broker" : " brokers")
                + ": with fewer than 3, a lost disk loses log, and everything cached is void then");
  }

  /**
   * Topics as they are.
   *
   * @param mayCreate empty: not told
   */
  record Found(
      int brokers,
      Map<String, TopicDescription> topics,
      Map<String, Config> settings,
      Optional<Boolean> mayCreate) {}

  private static Found topics(KafkaSession kafka, Topics topics) throws Exception {
    Map<String, TopicDescription> found =
        kafka.topics(topics.all().stream().map(Topic::name).toList());
    return new Found(
        kafka.brokers(),
        found,
        kafka.settings(found.keySet()),
        kafka.allowed().isEmpty()
            ? Optional.empty()
            : Optional.of(kafka.allowed().contains(AclOperation.CREATE)));
  }

  static List<Verdict> topics(Found found, Topics topics) {
    short replicas = (short) Math.max(1, Math.min(MOST_REPLICAS, found.brokers()));
    List<Verdict> verdicts = new ArrayList<>();
    Set<String> missing = new TreeSet<>();
    for (Topic<?, ?> topic : topics.all()) {
      NewTopic wanted = topic.definition(replicas);
      TopicDescription there = found.topics().get(topic.name());
      Config settings = found.settings().get(topic.name());
      if (there == null || settings == null) {
        missing.add(topic.name());
      } else {
        verdicts.addAll(topic(wanted, there, settings));
      }
    }
    if (!missing.isEmpty() && found.mayCreate().equals(Optional.of(false))) {
      verdicts.add(
          Verdict.problem(
              String.join(", ", missing) + " are not there, and this user may not create them",
              missing.stream()
                  .map(name -> create(topics, name, replicas))
                  .collect(Collectors.joining("; "))));
    } else if (!missing.isEmpty()) {
      verdicts.add(
          Verdict.ok(
              missing.size() == topics.all().size()
                  ? "none of " + topics.prefix() + ".* is there yet; created at the start"
                  : String.join(", ", missing) + ": not there yet, and created at the start"));
    }
    return verdicts.isEmpty()
        ? List.of(Verdict.ok(topics.all().size() + " of " + topics.prefix() + ".* as they must be"))
        : verdicts;
  }

  private static List<Verdict> topic(NewTopic wanted, TopicDescription there, Config settings) {
    List<Verdict> verdicts = new ArrayList<>();
    if (there.partitions().size() != wanted.numPartitions()) {
      verdicts.add(
          Verdict.problem(
              wanted.name()
                  + " has "
                  + there.partitions().size()
                  + " partitions; expected "
                  + wanted.numPartitions()
                  + ", from which the place of a key follows",
              "kafka-topics.sh --delete --topic " + wanted.name() + ", or another topicPrefix"));
    }
    there.partitions().stream()
        .filter(partition -> partition.leader() == null || partition.leader().isEmpty())
        .findFirst()
        .ifPresent(
            partition ->
                verdicts.add(
                    Verdict.problem(
                        wanted.name() + " has no leader for partition " + partition.partition(),
                        "bring the brokers back that hold it")));
    int replicas =
        there.partitions().stream().mapToInt(each -> each.replicas().size()).min().orElse(0);
    if (replicas < wanted.replicationFactor()) {
      verdicts.add(
          Verdict.warning(
              wanted.name()
                  + " has "
                  + replicas
                  + " replicas where there could be "
                  + wanted.replicationFactor(),
              "kafka-reassign-partitions.sh"));
    }
    Map<String, String> other = new TreeMap<>();
    Map<String, String> expected = new LinkedHashMap<>(wanted.configs());
    expected.forEach(
        (name, value) -> {
          if (!sameOrBetter(name, value, value(settings, name))) {
            other.put(name, value);
          }
        });
    if (!other.isEmpty()) {
      verdicts.add(
          Verdict.problem(
              wanted.name()
                  + " has "
                  + other.keySet().stream()
                      .map(name -> name + " " + value(settings, name))
                      .collect(Collectors.joining(", "))
                  + "; expected "
                  + String.join(", ", other.values()),
              "kafka-configs.sh --alter --topic "
                  + wanted.name()
                  + " --add-config "
                  + other.entrySet().stream()
                      .map(each -> each.getKey() + "=" + each.getValue())
                      .collect(Collectors.joining(","))));
    }
    String largest = value(settings, TopicConfig.MAX_MESSAGE_BYTES_CONFIG);
    if (largest.matches("\\d{1,18}") && Long.parseLong(largest) < LARGEST_RECORD) {
      verdicts.add(
          Verdict.warning(
              wanted.name() + " takes records of " + largest + " bytes, producers send up to 1 MB",
              "kafka-configs.sh --alter --topic "
                  + wanted.name()
                  + " --add-config max.message.bytes="
                  + (LARGEST_RECORD + 12)));
    }
    return verdicts;
  }

  private static String value(Config settings, String name) {
    var entry = settings.get(name);
    return entry == null || entry.value() == null ? "" : entry.value();
  }

  /** What is kept for longer, or by more brokers, does no harm. */
  private static boolean sameOrBetter(String name, String wanted, String found) {
    boolean amount =
        name.equals(TopicConfig.RETENTION_MS_CONFIG)
            || name.equals(TopicConfig.MIN_IN_SYNC_REPLICAS_CONFIG);
    if (!amount || !found.matches("-?\\d{1,18}")) {
      return wanted.equals(found);
    }
    long least = Long.parseLong(wanted);
    long is = Long.parseLong(found);
    return is >= least || (is == -1 && name.equals(TopicConfig.RETENTION_MS_CONFIG));
  }

  private static String create(Topics topics, String name, short replicas) {
    NewTopic wanted =
        topics.all().stream()
            .filter(topic -> topic.name().equals(name))
            .findFirst()
            .map(topic -> topic.definition(replicas))
            .orElseThrow();
    return "kafka-topics.sh --create --topic "
        + name
        + " --partitions "
        + wanted.numPartitions()
        + " --replication-factor "
        + replicas
        + new TreeMap<>(wanted.configs())
            .entrySet().stream()
                .map(each -> " --config " + each.getKey() + "=" + each.getValue())
                .collect(Collectors.joining());
  }

  static Verdict access(Found found) {
    Set<String> refused = new TreeSet<>();
    boolean told = false;
    for (TopicDescription topic : found.topics().values()) {
      Set<AclOperation> allowed = topic.authorizedOperations();
      if (allowed != null && !allowed.isEmpty()) {
        told = true;
        if (!allowed.containsAll(Set.of(AclOperation.READ, AclOperation.WRITE))) {
          refused.add(topic.name());
        }
      }
    }
    if (!refused.isEmpty()) {
      return Verdict.problem(
          "this user may not read and write " + String.join(", ", refused),
          "kafka-acls.sh --add --allow-principal User:NAME --operation Read --operation Write"
              + " --operation Describe --resource-pattern-type prefixed --topic PREFIX");
    }
    return told
        ? Verdict.ok("every topic can be read and written")
        : Verdict.ok("there is no topic yet of which it could be told");
  }

  static Verdict groups(Map<String, ConsumerGroupDescription> found) {
    Collection<String> used =
        found.values().stream()
            .filter(group -> !group.members().isEmpty())
            .map(ConsumerGroupDescription::groupId)
            .sorted()
            .toList();
    return used.isEmpty()
        ? Verdict.ok("none is in use")
        : Verdict.ok("in use, as while the services run: " + String.join(", ", used));
  }

  private static Optional<String> agreed(KafkaSession kafka, Topics topics) throws Exception {
    return kafka.groups(List.of(Invalidator.rulesGroup(topics))).values().stream()
        .filter(group -> !group.members().isEmpty())
        .findFirst()
        .flatMap(group -> Invalidator.agreedRules(group.partitionAssignor()));
  }

  static Verdict rules(Optional<String> theirs, String ours) {
    if (theirs.isEmpty()) {
      return Verdict.ok("no invalidator runs; these are " + ours);
    }
    return theirs.get().equals(ours)
        ? Verdict.ok("the invalidators that run have the same, " + ours)
        : Verdict.problem(
            "the invalidators that run have other caches and rules ("
                + theirs.get()
                + ") than this configuration ("
                + ours
                + "), and refuse one that has these",
            "stop them before one with this configuration starts: its changed caches are voided"
                + " then");
  }
}
