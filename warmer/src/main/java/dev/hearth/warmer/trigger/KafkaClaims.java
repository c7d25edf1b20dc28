package dev.hearth.warmer.trigger;

import dev.hearth.chassis.kafka.KafkaClients;
import dev.hearth.schemas.codec.UnreadableRecordException;
import dev.hearth.schemas.topic.Topic;
import dev.hearth.schemas.warmup.TriggerClaim;
import java.time.Clock;
import java.time.Duration;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Claims on a topic of one partition, whose order decides. An instance writes its claim, reads the
 * topic up to there, and looks who was first: so it needs no other instance's word, and no memory
 * of its own from before a restart. Thread-safe.
 */
public final class KafkaClaims implements Claims, AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(KafkaClaims.class);
  private static final Duration LONGEST_CLAIM = Duration.ofSeconds(15);
  private static final int MOST_UNSETTLED = 1_000;
  private static final Duration RETRY_EVERY = Duration.ofSeconds(1);
  private static final Duration POLL = Duration.ofMillis(500);

  private final Topic<String, TriggerClaim> topic;
  private final Clock clock;
  private final Runnable heartbeat;
  private final Duration longestClaim;
  private final Map<String, Object> reading;
  private final KafkaProducer<String, TriggerClaim> producer;
  private final Object lock = new Object();
  private final ClaimBook book = new ClaimBook();
  private final Map<String, String> own = new HashMap<>();
  private final Map<String, String> unsettled = new LinkedHashMap<>();
  private final CountDownLatch stopped = new CountDownLatch(1);
  private final Thread thread = new Thread(this::follow, "trigger-claims");
  private long followedTo;
  private volatile @Nullable KafkaConsumer<String, byte[]> consumer;

  /**
   * Opens it; connects in the background.
   *
   * @param kafka bootstrap servers, security and what else the user set for all clients
   * @param heartbeat called at every turn of the loop
   */
  public KafkaClaims(
      Topic<String, TriggerClaim> topic,
      Map<String, String> kafka,
      Clock clock,
      Runnable heartbeat) {
    this(topic, kafka, clock, heartbeat, LONGEST_CLAIM);
  }

  KafkaClaims(
      Topic<String, TriggerClaim> topic,
      Map<String, String> kafka,
      Clock clock,
      Runnable heartbeat,
      Duration longestClaim) {
    this.longestClaim = longestClaim;
    this.topic = topic;
    this.clock = clock;
    this.heartbeat = heartbeat;
    this.reading = KafkaClients.readingFromTheBeginning(kafka);
    this.producer =
        new KafkaProducer<>(
            KafkaClients.writing(kafka), topic.key().serializer(), topic.value().serializer());
    thread.setDaemon(true);
  }

  /** Begins to follow the topic; returns at once. */
  public void start() {
    thread.start();
  }

  @Override
  public boolean isTaken(String trigger) {
    synchronized (lock) {
      return book.holderOf(trigger).isPresent();
    }
  }

  @Override
  public Outcome claim(String trigger) {
    String claimant;
    synchronized (lock) {
      // Whoever repeats a delivery a million times writes nothing.
      if (book.holderOf(trigger).isPresent()) {
        return settled(trigger);
      }
      claimant = unsettled.computeIfAbsent(trigger, unclaimed -> UUID.randomUUID().toString());
      forgetUnsettled();
    }
    long deadline = System.nanoTime() + longestClaim.toNanos();
    try {
      long offset =
          producer
              .send(record(new TriggerClaim(trigger, claimant, clock.instant(), false)))
              .get(longestClaim.toMillis(), TimeUnit.MILLISECONDS)
              .offset();
      return outcome(trigger, offset, deadline);
    } catch (ExecutionException | TimeoutException | KafkaException | IllegalStateException e) {
      log.warn("trigger not claimed trigger={} error={}", trigger, e.toString());
      return Outcome.UNKNOWN;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Outcome.UNKNOWN;
    }
  }

  private Outcome outcome(String trigger, long offset, long deadline) throws InterruptedException {
    synchronized (lock) {
      while (followedTo <= offset) {
        long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
        if (left <= 0 || stopped.getCount() == 0) {
          log.warn("trigger not claimed in time trigger={} topic={}", trigger, topic.name());
          return Outcome.UNKNOWN;
        }
        lock.wait(left);
      }
      return settled(trigger);
    }
  }

  /**
   * Who was first, now that it stands on the topic. A claim of this instance that it could not say
   * anything of before is settled here too; whoever asks first has it, and nobody after.
   */
  private Outcome settled(String trigger) {
    String claimant = unsettled.remove(trigger);
    if (claimant == null || !book.holderOf(trigger).equals(Optional.of(claimant))) {
      return Outcome.TAKEN;
    }
    own.put(trigger, claimant);
    own.keySet().removeIf(each -> book.holderOf(each).isEmpty());
    return Outcome.FIRST;
  }

  private void forgetUnsettled() {
    Iterator<String> oldest = unsettled.keySet().iterator();
    while (unsettled.size() > MOST_UNSETTLED) {
      oldest.next();
      oldest.remove();
    }
  }

  @Override
  @SuppressWarnings("FutureReturnValueIgnored") // the log is all that a lost release needs
  public void release(String trigger) {
    String claimant;
    synchronized (lock) {
      claimant = own.remove(trigger);
    }
    if (claimant == null) {
      return;
    }
    try {
      producer.send(
          record(new TriggerClaim(trigger, claimant, clock.instant(), true)),
          (metadata, failure) -> {
            if (failure != null) {
              log.warn("claim not given back trigger={} error={}", trigger, failure.toString());
            }
          });
    } catch (KafkaException | IllegalStateException e) {
      log.warn("claim not given back trigger={} error={}", trigger, e.toString());
    }
  }

  private ProducerRecord<String, TriggerClaim> record(TriggerClaim claim) {
    return new ProducerRecord<>(topic.name(), claim.trigger(), claim);
  }

  @Override
  public void close() {
    stopped.countDown();
    synchronized (lock) {
      lock.notifyAll();
    }
    KafkaConsumer<String, byte[]> running = consumer;
    if (running != null) {
      running.wakeup();
    }
    try {
      thread.join(TimeUnit.SECONDS.toMillis(5));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    producer.close(Duration.ofSeconds(5));
  }

  private void follow() {
    while (stopped.getCount() > 0) {
      try (KafkaConsumer<String, byte[]> each =
          new KafkaConsumer<>(reading, new StringDeserializer(), new ByteArrayDeserializer())) {
        consumer = each;
        TopicPartition partition = new TopicPartition(topic.name(), 0);
        each.assign(List.of(partition));
        each.seekToBeginning(List.of(partition));
        while (stopped.getCount() > 0) {
          heartbeat.run();
          each.poll(POLL).forEach(this::take);
          followed(each.position(partition));
        }
      } catch (WakeupException e) {
        // Closing.
      } catch (KafkaException e) {
        heartbeat.run();
        log.warn(
            "claims are not followed, trying again topic={} error={}", topic.name(), e.toString());
        pause();
      } finally {
        consumer = null;
      }
    }
  }

  private void take(ConsumerRecord<String, byte[]> record) {
    try {
      TriggerClaim claim = topic.value().deserializer().deserialize(topic.name(), record.value());
      if (claim != null) {
        synchronized (lock) {
          book.take(claim);
        }
      }
    } catch (UnreadableRecordException e) {
      log.warn(
          "claim passed over topic={} offset={} error={}",
          topic.name(),
          record.offset(),
          e.getMessage());
    }
  }

  private void followed(long position) {
    synchronized (lock) {
      followedTo = position;
      lock.notifyAll();
    }
  }

  private void pause() {
    try {
      if (stopped.await(RETRY_EVERY.toMillis(), TimeUnit.MILLISECONDS)) {
        log.debug("claims are no longer followed");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      stopped.countDown();
    }
  }
}
