package dev.hearth.invalidator;

import dev.hearth.chassis.Component;
import dev.hearth.chassis.StartupException;
import dev.hearth.chassis.health.Health;
import dev.hearth.chassis.health.Heartbeat;
import dev.hearth.chassis.health.Readiness;
import dev.hearth.schemas.topic.Topics;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ConsumerGroupDescription;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InconsistentGroupProtocolException;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sees to it that the invalidators which run together have the same rules. Two that differ would
 * share the partitions of one stream and of each delivery, and each would leave out what only the
 * other one's rules touch.
 *
 * <p>Each is a member of the group {@code PREFIX-rules}, whose members are assigned nothing; what
 * they have in common is the name of their assignor, which holds the fingerprint of the rules (see
 * {@link RulesAssignor}). The broker decides, in one place and one after the other, and lets a
 * member go that has fallen silent: there is no record that could be old and no clock to compare.
 */
final class RulesAgreement implements Component {
  private static final Logger LOG = LoggerFactory.getLogger(RulesAgreement.class);

  /** The shortest that brokers allow unless told otherwise (group.min.session.timeout.ms). */
  private static final Duration SESSION = Duration.ofSeconds(6);

  /** Longer than a session: one that was killed is let go before another one is refused. */
  static final Duration PATIENCE = SESSION.multipliedBy(2);

  /** A member has to subscribe; this matches no name. */
  static final Pattern NO_TOPIC = Pattern.compile("(?!)");

  private static final Duration ASK_AGAIN = Duration.ofSeconds(1);
  private static final Duration JOIN_BOUND = Duration.ofSeconds(60);
  private static final Duration POLL = Duration.ofMillis(200);
  private static final Duration LOOP_BOUND = Duration.ofSeconds(60);
  private static final Duration CLOSE_BOUND = Duration.ofSeconds(5);

  private final Topics topics;
  private final String fingerprint;
  private final Map<String, Object> kafka;
  private final Duration patience;
  private final Runnable onOverruled;
  private final Health health;
  private volatile String overruled = "";
  private volatile boolean joined;
  private volatile boolean stopping;
  private @Nullable KafkaConsumer<byte[], byte[]> consumer;
  private @Nullable Thread thread;

  /**
   * @param patience how long others may still be there before this one gives up
   * @param onOverruled called once, by a thread of this component, when the broker let this one go
   *     for its silence, and others with other rules have come meanwhile: it has to end
   */
  RulesAgreement(
      Topics topics,
      String fingerprint,
      Map<String, Object> kafka,
      Duration patience,
      Runnable onOverruled,
      Health health) {
    this.topics = topics;
    this.fingerprint = fingerprint;
    this.kafka = Map.copyOf(kafka);
    this.patience = patience;
    this.onOverruled = onOverruled;
    this.health = health;
  }

  static String group(Topics topics) {
    return topics.prefix() + "-rules";
  }

  @Override
  public String name() {
    return "rules-agreement";
  }

  /** Returns once this one is a member. */
  @Override
  public void start() {
    KafkaConsumer<byte[], byte[]> member =
        new KafkaConsumer<>(properties(), new ByteArrayDeserializer(), new ByteArrayDeserializer());
    try {
      member.subscribe(NO_TOPIC, new Joins());
      join(member);
    } catch (RuntimeException e) {
      member.close(CLOSE_BOUND);
      throw e;
    }
    LOG.info("rules agreed group={} fingerprint={}", group(topics), fingerprint);
    consumer = member;
    Heartbeat heartbeat = health.heartbeat(name(), LOOP_BOUND);
    health.readiness(
        name(),
        () ->
            overruled.isEmpty()
                ? Readiness.ready("rules " + fingerprint)
                : Readiness.notReady(overruled));
    Thread loop = new Thread(() -> stay(member, heartbeat), name());
    loop.setDaemon(true);
    thread = loop;
    loop.start();
  }

  private void join(KafkaConsumer<byte[], byte[]> member) {
    long begun = System.nanoTime();
    boolean told = false;
    while (!joined) {
      try {
        member.poll(POLL);
      } catch (InconsistentGroupProtocolException e) {
        if (System.nanoTime() - begun > patience.toNanos()) {
          throw new StartupException(sentence(), 2, e);
        }
        if (!told) {
          LOG.info("waiting for invalidators with other rules to end group={}", group(topics));
          told = true;
        }
        LockSupport.parkNanos(ASK_AGAIN.toNanos());
      }
      if (System.nanoTime() - begun > JOIN_BOUND.toNanos()) {
        throw new StartupException(
            "kafka: group "
                + group(topics)
                + " could not be joined within "
                + JOIN_BOUND.toSeconds()
                + " s; check that the brokers run and that this user may join it",
            1);
      }
    }
  }

  private void stay(KafkaConsumer<byte[], byte[]> member, Heartbeat heartbeat) {
    try {
      while (!stopping) {
        try {
          member.poll(POLL);
          heartbeat.beat();
        } catch (InconsistentGroupProtocolException e) {
          overruled = sentence();
          LOG.error("overruled group={} sentence=\"{}\"", group(topics), overruled);
          onOverruled.run();
          // The heartbeat stays, and ends: this process is to be started anew.
          return;
        } catch (WakeupException | InterruptException e) {
          LOG.debug("woken to stop group={}", group(topics));
        } catch (KafkaException e) {
          LOG.debug("no answer group={}", group(topics), e);
          heartbeat.beat();
        }
      }
      heartbeat.close();
    } finally {
      member.close(CLOSE_BOUND);
    }
  }

  @Override
  public void close() throws InterruptedException {
    stopping = true;
    if (consumer != null) {
      consumer.wakeup();
    }
    if (thread != null) {
      thread.join(CLOSE_BOUND.multipliedBy(2).toMillis());
    }
  }

  /** Both by name. */
  private String sentence() {
    return "caches, rules: their fingerprint here is "
        + fingerprint
        + ", and "
        + others()
        + "; invalidators of one installation (kafka.topicPrefix: "
        + topics.prefix()
        + ") need the same caches and rules: stop those first, or start this one with their"
        + " configuration";
  }

  private String others() {
    try (Admin admin = Admin.create(kafka)) {
      Map<String, ConsumerGroupDescription> found =
          admin
              .describeConsumerGroups(List.of(group(topics)))
              .all()
              .get(CLOSE_BOUND.toSeconds(), TimeUnit.SECONDS);
      for (ConsumerGroupDescription theirs : found.values()) {
        String members =
            theirs.members().stream()
                .map(other -> other.clientId() + " at " + other.host())
                .sorted()
                .collect(Collectors.joining(", "));
        Optional<String> rules = Invalidator.agreedRules(theirs.partitionAssignor());
        if (rules.isPresent()) {
          return rules.get() + " where an invalidator runs already (" + members + ")";
        }
      }
    } catch (ExecutionException | TimeoutException | KafkaException e) {
      LOG.debug("the group is not described group={}", group(topics), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return "another one where an invalidator runs already (group " + group(topics) + ")";
  }

  private Map<String, Object> properties() {
    Map<String, Object> properties = new HashMap<>(kafka);
    properties.put(ConsumerConfig.GROUP_ID_CONFIG, group(topics));
    properties.put(ConsumerConfig.GROUP_PROTOCOL_CONFIG, "classic");
    properties.put(ConsumerConfig.CLIENT_ID_CONFIG, group(topics) + "-" + process());
    properties.put(
        ConsumerConfig.PARTITION_ASSIGNMENT_STRATEGY_CONFIG, List.of(RulesAssignor.class));
    properties.put(RulesAssignor.FINGERPRINT, fingerprint);
    properties.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, "false");
    properties.put(ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG, Long.toString(SESSION.toMillis()));
    properties.put(
        ConsumerConfig.HEARTBEAT_INTERVAL_MS_CONFIG, Long.toString(SESSION.toMillis() / 3));
    return properties;
  }

  private static String process() {
    String host;
    try {
      host = InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException e) {
      host = "unknown-host";
    }
    return host + "-" + ProcessHandle.current().pid();
  }

  private final class Joins implements ConsumerRebalanceListener {
    @Override
    public void onPartitionsAssigned(Collection<TopicPartition> nothing) {
      joined = true;
    }

    @Override
    public void onPartitionsRevoked(Collection<TopicPartition> nothing) {}
  }
}
