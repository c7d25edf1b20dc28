package dev.hearth.invalidator;

import static dev.hearth.invalidator.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.hearth.chassis.StartupException;
import dev.hearth.chassis.health.Health;
import dev.hearth.chassis.kafka.KafkaTopics;
import dev.hearth.sandbox.Sandbox;
import dev.hearth.sandbox.Server;
import dev.hearth.schemas.topic.Topics;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.RemoveMembersFromConsumerGroupOptions;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class RulesAgreementTest {
  private static final Duration SHORT = Duration.ofSeconds(1);
  private static final Duration LONG = Duration.ofSeconds(60);
  private static final AtomicInteger INSTALLATION = new AtomicInteger();
  private static Sandbox servers;

  private final Deque<RulesAgreement> running = new ArrayDeque<>();
  private final AtomicInteger overruled = new AtomicInteger();
  private final Topics topics = new Topics("agreement" + INSTALLATION.incrementAndGet());

  @BeforeAll
  static void startServers() {
    servers = Sandbox.builder().servers(Server.KAFKA).start();
  }

  @AfterAll
  static void stopServers() {
    servers.close();
  }

  @BeforeEach
  void createTopics() {
    KafkaTopics.ensure(
        kafka(),
        replicas -> topics.all().stream().map(topic -> topic.definition(replicas)).toList());
  }

  @AfterEach
  void stop() throws InterruptedException {
    while (!running.isEmpty()) {
      running.pop().close();
    }
  }

  @Test
  void letsThoseWithTheSameRulesRunTogether() {
    start("a", SHORT);
    start("a", SHORT);

    assertThat(running).hasSize(2);
  }

  @Test
  void refusesASecondOneWithOtherRulesAndNamesBoth() {
    start("a1b2", SHORT);

    assertThatThrownBy(() -> start("c3d4", SHORT))
        .isInstanceOfSatisfying(
            StartupException.class, refusal -> assertThat(refusal.exitCode()).isEqualTo(2))
        .hasMessageMatching(
            "caches, rules: their fingerprint here is c3d4, and a1b2 where an invalidator runs"
                + " already \\(agreement\\d+-rules-.+-"
                + ProcessHandle.current().pid()
                + " at /127\\.0\\.0\\.1\\); invalidators of one installation \\(kafka\\.topicPrefix:"
                + " agreement\\d+\\) need the same caches and rules: stop those first, or start"
                + " this one with their configuration");
  }

  @Test
  void letsOneWithOtherRulesInWhenTheLastOfTheOldHasEnded() throws Exception {
    start("a", SHORT);
    start("a", SHORT);
    CompletableFuture<Void> next = CompletableFuture.runAsync(() -> start("b", LONG));
    running.pop().close();
    assertThat(next).isNotDone();
    running.pop().close();

    assertThat(next).succeedsWithin(LONG);
  }

  @Test
  void doesNotRefuseForOneThatWasKilled() throws Exception {
    try (KafkaConsumer<byte[], byte[]> killed = member("a")) {
      killed.subscribe(RulesAgreement.NO_TOPIC);
      eventually(
          () -> {
            killed.poll(Duration.ofMillis(100));
            assertThat(killed.groupMetadata().generationId()).isNotNegative();
          });
      killed.close(
          CloseOptions.groupMembershipOperation(
              CloseOptions.GroupMembershipOperation.REMAIN_IN_GROUP));
    }

    start("b", LONG);

    assertThat(running).hasSize(1);
  }

  @Test
  void endsWhenOthersWithOtherRulesCameWhileItWasSilent() throws Exception {
    start("a", SHORT);
    CompletableFuture<Void> next = CompletableFuture.runAsync(() -> start("b", LONG));

    // What the broker does to a member that falls silent.
    try (Admin admin = Admin.create(kafka())) {
      eventually(
          () -> {
            if (isOf(admin, "a")) {
              removeMembers(admin);
            }
            assertThat(next).isDone();
          });
    }

    assertThat(next).isCompleted();
    eventually(() -> assertThat(overruled).hasValue(1));
  }

  /** Whoever has left or come meanwhile is met again. */
  private void removeMembers(Admin admin) throws InterruptedException {
    try {
      admin
          .removeMembersFromConsumerGroup(
              RulesAgreement.group(topics), new RemoveMembersFromConsumerGroupOptions())
          .all()
          .get();
    } catch (ExecutionException e) {
      throw new AssertionError("the group has changed meanwhile", e);
    }
  }

  private boolean isOf(Admin admin, String fingerprint) throws Exception {
    return admin
        .describeConsumerGroups(List.of(RulesAgreement.group(topics)))
        .all()
        .get()
        .values()
        .stream()
        .anyMatch(
            found ->
                found.partitionAssignor().equals(RulesAssignor.NAME_PREFIX + fingerprint)
                    && !found.members().isEmpty());
  }

  private void start(String fingerprint, Duration patience) {
    RulesAgreement agreement =
        new RulesAgreement(
            topics, fingerprint, kafka(), patience, overruled::incrementAndGet, new Health());
    agreement.start();
    synchronized (running) {
      running.push(agreement);
    }
  }

  private KafkaConsumer<byte[], byte[]> member(String fingerprint) {
    Map<String, Object> properties = new java.util.HashMap<>(kafka());
    properties.put(ConsumerConfig.GROUP_ID_CONFIG, RulesAgreement.group(topics));
    properties.put(ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG, "6000");
    properties.put(
        ConsumerConfig.PARTITION_ASSIGNMENT_STRATEGY_CONFIG, List.of(RulesAssignor.class));
    properties.put(RulesAssignor.FINGERPRINT, fingerprint);
    return new KafkaConsumer<>(
        properties, new ByteArrayDeserializer(), new ByteArrayDeserializer());
  }

  private static Map<String, Object> kafka() {
    return KafkaTopics.clientProperties(servers.kafka().bootstrapServers(), Map.of());
  }
}
