package dev.hearth.warmer.trigger;

import dev.hearth.chassis.kafka.KafkaClients;
import dev.hearth.chassis.metrics.Metric;
import dev.hearth.chassis.metrics.Metrics;
import dev.hearth.schemas.codec.UnreadableRecordException;
import dev.hearth.schemas.topic.Topic;
import dev.hearth.schemas.topic.Topics;
import dev.hearth.schemas.warmup.WarmupCommand;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Follows the topic of commands and asks for their runs. A command counts as followed once its runs
 * are written down, and is committed after that; one that cannot be followed goes to the dead
 * letters, with the reason, before it is passed. What is not accepted now is asked again until the
 * command is too old. A command that comes twice is followed once, or joins the run that it made.
 */
public final class WarmupCommands implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(WarmupCommands.class);
  private static final String TRIGGER = "command";
  private static final Duration POLL = Duration.ofMillis(500);
  private static final Duration RETRY_EVERY = Duration.ofSeconds(1);
  private static final Duration LONGEST_ACKNOWLEDGEMENT = Duration.ofSeconds(15);
  private static final int MOST_POLLED = 5;

  private final Topic<String, WarmupCommand> topic;
  private final Topic<byte[], byte[]> deadLetters;
  private final Map<String, Object> reading;
  private final KafkaProducer<byte[], byte[]> letters;
  private final PlanStarter plans;
  private final Set<String> caches;
  private final Claims claims;
  private final Metrics metrics;
  private final Clock clock;
  private final Runnable heartbeat;
  private final CountDownLatch stopped = new CountDownLatch(1);
  private final Thread thread = new Thread(this::follow, "warmup-commands");
  private volatile @Nullable KafkaConsumer<byte[], byte[]> consumer;

  /**
   * Opens it; connects in the background.
   *
   * @param kafka bootstrap servers, security and what else the user set for all clients
   * @param caches that can be warmed
   * @param heartbeat called at every turn of the loop
   */
  public WarmupCommands(
      Topics topics,
      Map<String, String> kafka,
      PlanStarter plans,
      Set<String> caches,
      Claims claims,
      Metrics metrics,
      Clock clock,
      Runnable heartbeat) {
    this.topic = topics.warmupRequests();
    this.deadLetters = topics.deadLetters();
    this.plans = plans;
    this.caches = Set.copyOf(caches);
    this.claims = claims;
    this.metrics = metrics;
    this.clock = clock;
    this.heartbeat = heartbeat;
    this.reading = KafkaClients.readingFromTheBeginning(kafka);
    reading.put(ConsumerConfig.GROUP_ID_CONFIG, group(topics));
    reading.put(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, MOST_POLLED);
    this.letters =
        new KafkaProducer<>(
            KafkaClients.writing(kafka), new ByteArraySerializer(), new ByteArraySerializer());
    thread.setDaemon(true);
  }

  /** The consumer group: one of all instances has the topic. */
  public static String group(Topics topics) {
    return topics.prefix() + "-warmup-requests";
  }

  /** Begins to follow; returns at once. */
  public void start() {
    thread.start();
  }

  @Override
  public void close() {
    stopped.countDown();
    KafkaConsumer<byte[], byte[]> running = consumer;
    if (running != null) {
      running.wakeup();
    }
    try {
      thread.join(TimeUnit.SECONDS.toMillis(10));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    letters.close(Duration.ofSeconds(5));
  }

  private void follow() {
    while (stopped.getCount() > 0) {
      try (KafkaConsumer<byte[], byte[]> each =
          new KafkaConsumer<>(reading, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
        consumer = each;
        each.subscribe(List.of(topic.name()));
        while (stopped.getCount() > 0) {
          heartbeat.run();
          for (ConsumerRecord<byte[], byte[]> record : each.poll(POLL)) {
            if (!isDone(record)) {
              each.seek(new TopicPartition(record.topic(), record.partition()), record.offset());
              pause();
              break;
            }
            each.commitSync(
                Map.of(
                    new TopicPartition(record.topic(), record.partition()),
                    new OffsetAndMetadata(record.offset() + 1)));
          }
        }
      } catch (WakeupException e) {
        // Closing.
      } catch (RuntimeException e) {
        heartbeat.run();
        log.warn(
            "commands are not followed, trying again topic={} error={}",
            topic.name(),
            e.toString());
        pause();
      } finally {
        consumer = null;
      }
    }
  }

  /** Whether the record may be passed. */
  private boolean isDone(ConsumerRecord<byte[], byte[]> record) {
    if (record.value() == null) {
      return setAside(record, "the value is null");
    }
    WarmupCommand command;
    try {
      command = topic.value().deserializer().deserialize(topic.name(), record.value());
    } catch (UnreadableRecordException e) {
      return setAside(record, String.valueOf(e.getMessage()));
    }
    Optional<String> problem =
        CommandCheck.problem(command, plans.plans(), caches, clock.instant());
    return problem.isPresent() ? setAside(record, problem.get()) : isStarted(command);
  }

  private boolean isStarted(WarmupCommand command) {
    String claim = "command:" + command.id();
    if (claims.isTaken(claim)) {
      count("elsewhere");
      return true;
    }
    String by = command.requestedBy().isEmpty() ? "" : " of " + command.requestedBy();
    PlanStarter.Started started =
        command
            .plan()
            .map(plan -> plans.start(plan, "command" + by))
            .orElseGet(
                () ->
                    plans.startCache(command.cache().orElseThrow(), command.top(), "command" + by));
    if (started.runs().isEmpty()) {
      count("refused");
      log.warn(
          "command not followed yet command={} why={}",
          command.id(),
          String.join("; ", started.refusals()));
      return false;
    }
    count("started");
    // A mark that it is done; where it is not made, a repetition finds everything warm.
    claims.claim(claim);
    return true;
  }

  /** Whether the dead letter cannot be lost. */
  private boolean setAside(ConsumerRecord<byte[], byte[]> record, String why) {
    RecordHeaders headers = new RecordHeaders(record.headers());
    headers.add("hearth.stage", text(TRIGGER));
    headers.add("__streams.errors.topic", text(record.topic()));
    headers.add("__streams.errors.partition", text(Integer.toString(record.partition())));
    headers.add("__streams.errors.offset", text(Long.toString(record.offset())));
    headers.add("__streams.errors.message", text(why));
    try {
      letters
          .send(
              new ProducerRecord<>(
                  deadLetters.name(), 0, null, record.key(), record.value(), headers))
          .get(LONGEST_ACKNOWLEDGEMENT.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException | TimeoutException | KafkaException e) {
      log.warn("command not set aside yet offset={} error={}", record.offset(), e.toString());
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
    count("unreadable");
    metrics.counter(Metric.DEAD_LETTERS, TRIGGER).increment();
    log.warn("command set aside offset={} why={}", record.offset(), why);
    return true;
  }

  private void count(String outcome) {
    metrics.counter(Metric.TRIGGERS, TRIGGER, outcome).increment();
  }

  private void pause() {
    try {
      if (stopped.await(RETRY_EVERY.toMillis(), TimeUnit.MILLISECONDS)) {
        log.debug("commands are no longer followed");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      stopped.countDown();
    }
  }

  private static byte[] text(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
