package dev.hearth.warmer.run;

import dev.hearth.chassis.kafka.KafkaClients;
import dev.hearth.schemas.topic.Topic;
import dev.hearth.schemas.warmup.WarmupRun;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.CloseOptions.GroupMembershipOperation;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The claim as membership in a consumer group: who is assigned the one partition of the runs' topic
 * executes them. An instance that leaves hands over at once, one that dies when its session ends.
 * One that was taken for dead may think for a moment longer that it holds the claim: the terms of
 * runs keep their counts apart, and leases the stores. Reads nothing.
 */
public final class KafkaRunClaim implements RunClaim, AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(KafkaRunClaim.class);
  private static final Duration TURN = Duration.ofMillis(200);
  private static final Duration RETRY_EVERY = Duration.ofSeconds(1);
  private static final Duration LONGEST_CLOSE = Duration.ofSeconds(5);

  private final String topic;
  private final Map<String, Object> configuration;
  private final CountDownLatch stopped = new CountDownLatch(1);
  private final Thread thread = new Thread(this::follow, "warmup-claim");
  private volatile boolean held;
  private volatile boolean leaving = true;
  private volatile @Nullable KafkaConsumer<byte[], byte[]> consumer;

  /**
   * A claim; asks for nothing before {@link #start}.
   *
   * @param group the same for all instances of an installation
   * @param session after which an instance that is not heard of is dead; the broker has a least one
   * @param kafka bootstrap servers, security and what else the user set for all clients
   */
  public KafkaRunClaim(
      Topic<String, WarmupRun> topic, String group, Duration session, Map<String, String> kafka) {
    this.topic = topic.name();
    this.configuration = KafkaClients.readingFromNow(kafka);
    configuration.put(ConsumerConfig.GROUP_ID_CONFIG, group);
    configuration.put(ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG, (int) session.toMillis());
    configuration.put(ConsumerConfig.HEARTBEAT_INTERVAL_MS_CONFIG, (int) session.toMillis() / 4);
    configuration.put(ConsumerConfig.MAX_POLL_INTERVAL_MS_CONFIG, 60_000);
    thread.setDaemon(true);
  }

  /** Joins; returns at once. */
  public void start() {
    thread.start();
  }

  @Override
  public boolean isHeld() {
    return held;
  }

  /** Leaves, so that another instance takes over at once. */
  @Override
  public void close() {
    stopped.countDown();
    KafkaConsumer<byte[], byte[]> running = consumer;
    if (running != null) {
      running.wakeup();
    }
    try {
      thread.join(LONGEST_CLOSE.toMillis() + 1_000);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Ends as a killed process does: without a word to the group. */
  void abandon() {
    leaving = false;
    close();
  }

  private void follow() {
    while (stopped.getCount() > 0) {
      KafkaConsumer<byte[], byte[]> each =
          new KafkaConsumer<>(
              configuration, new ByteArrayDeserializer(), new ByteArrayDeserializer());
      try {
        consumer = each;
        each.subscribe(List.of(topic), new Assignment(each));
        while (stopped.getCount() > 0) {
          each.poll(TURN);
        }
      } catch (WakeupException e) {
        // Closing.
      } catch (KafkaException e) {
        log.warn("no claim to runs for now, trying again topic={} error={}", topic, e.toString());
      } finally {
        consumer = null;
        held = false;
        close(each);
      }
      rest();
    }
  }

  private void close(KafkaConsumer<byte[], byte[]> each) {
    try {
      each.close(
          CloseOptions.timeout(LONGEST_CLOSE)
              .withGroupMembershipOperation(
                  leaving
                      ? GroupMembershipOperation.LEAVE_GROUP
                      : GroupMembershipOperation.REMAIN_IN_GROUP));
    } catch (KafkaException e) {
      log.warn("claim to runs did not close error={}", e.toString());
    }
  }

  private void rest() {
    try {
      if (stopped.await(RETRY_EVERY.toMillis(), TimeUnit.MILLISECONDS)) {
        log.debug("claim ends");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      stopped.countDown();
    }
  }

  private final class Assignment implements ConsumerRebalanceListener {
    private final KafkaConsumer<byte[], byte[]> of;

    private Assignment(KafkaConsumer<byte[], byte[]> of) {
      this.of = of;
    }

    @Override
    public void onPartitionsAssigned(Collection<TopicPartition> assigned) {
      if (!assigned.isEmpty()) {
        // Another reads them.
        of.pause(assigned);
        held = true;
        log.info("executes runs topic={}", topic);
      }
    }

    @Override
    public void onPartitionsRevoked(Collection<TopicPartition> revoked) {
      if (!revoked.isEmpty()) {
        held = false;
        log.info("executes no runs any more topic={}", topic);
      }
    }
  }
}
