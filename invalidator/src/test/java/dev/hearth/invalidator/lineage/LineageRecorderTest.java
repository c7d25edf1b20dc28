package dev.hearth.invalidator.lineage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.hearth.chassis.kafka.KafkaTopics;
import dev.hearth.chassis.metrics.Metric;
import dev.hearth.chassis.metrics.Metrics;
import dev.hearth.sandbox.Sandbox;
import dev.hearth.sandbox.Server;
import dev.hearth.sandbox.Wait;
import dev.hearth.schemas.codec.WireCodec;
import dev.hearth.schemas.invalidation.Applied;
import dev.hearth.schemas.invalidation.Cause;
import dev.hearth.schemas.invalidation.Invalidation;
import dev.hearth.schemas.key.KeySlot;
import dev.hearth.schemas.position.Position;
import dev.hearth.schemas.position.Watermark;
import dev.hearth.schemas.topic.Topics;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LineageRecorderTest {
  private static final Duration BOUND = Duration.ofSeconds(60);
  private static final AtomicInteger INSTALLATION = new AtomicInteger();
  private static Sandbox servers;

  @TempDir private Path directory;

  private final Topics topics = new Topics("lineage" + INSTALLATION.incrementAndGet());
  private final Metrics metrics = new Metrics("1");
  private final Deque<LineageRecorder> running = new ArrayDeque<>();

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
    metrics.close();
  }

  @Test
  void recordsWhatCameBeforeItAndGoesOnWhereItStopped() throws Exception {
    publish("product:1", 1);
    LineageRecorder first = start();
    awaitTransactions(first, "product:1", 1);
    publish("product:1", 2);
    awaitTransactions(first, "product:1", 1, 2);
    first.close();
    publish("product:1", 3);

    LineageRecorder second = start();

    awaitTransactions(second, "product:1", 1, 2, 3);
    // It counts what can be read already.
    Wait.untilHolds(
        BOUND,
        () ->
            assertThat(metrics.counter(Metric.LINEAGE_RECORDS).count())
                .as("nothing is read twice")
                .isEqualTo(3));
  }

  @Test
  void knowsHowFarItIsAndWhatDeliveriesReported() throws Exception {
    LineageRecorder recorder = start();
    Instant gateTime = Instant.now().truncatedTo(ChronoUnit.MICROS);
    int partition = partition("product:1");
    send(topics.invalidations().name(), partition, new Watermark(new Position(1, 5), 5, gateTime));
    send(
        topics.applied().name(),
        0,
        new Applied("redis", partition, new Position(1, 5), 0, 7, 1, gateTime, Duration.ZERO));
    send(topics.applied().name(), 0, new byte[] {7});

    Wait.untilHolds(
        BOUND,
        () -> {
          assertThat(recorder.progress().completeTo(partition)).contains(gateTime);
          assertThat(read(recorder, recorded -> recorded.lastReport("redis", partition)))
              .contains(Optional.of(new Report("redis", partition, 0, 7, gateTime)));
        });
    Wait.untilHolds(BOUND, () -> assertThat(recorder.progress().recordsBehind()).isZero());
  }

  @Test
  void whatCannotBeReadIsRecordedAndTheRestGoesOn() throws Exception {
    LineageRecorder recorder = start();
    int partition = partition("product:1");
    send(topics.invalidations().name(), partition, new byte[] {1, 2});
    publish("product:1", 2);

    awaitTransactions(recorder, "product:1", 2);
    List<LoggedRecord> unreadable =
        recorder.read(recorded -> recorded.newest(Subject.everything(partition), 20));
    assertThat(unreadable).extracting(LoggedRecord::offset).containsExactly(0L);
  }

  @Test
  void beginsAnewWhereTheTopicIsAnother() throws Exception {
    publish("product:1", 1);
    LineageRecorder first = start();
    awaitTransactions(first, "product:1", 1);
    first.close();
    try (Admin admin = Admin.create(kafka())) {
      admin.deleteTopics(List.of(topics.invalidations().name())).all().get();
      Wait.untilHolds(
          BOUND,
          () ->
              assertThat(admin.listTopics().names().get())
                  .doesNotContain(topics.invalidations().name()));
    }
    createTopics();
    publish("product:1", 7);
    publish("product:1", 8);

    LineageRecorder second = start();

    awaitTransactions(second, "product:1", 7, 8);
  }

  @Test
  void aTakenDirectoryIsToldAndTriedAgain() throws Exception {
    publish("product:1", 1);
    LineageRecorder first = start();
    awaitTransactions(first, "product:1", 1);

    LineageRecorder second = start();

    Wait.untilHolds(
        BOUND,
        () ->
            assertThatThrownBy(() -> second.read(recorded -> recorded.since(0)))
                .isInstanceOf(LineageUnavailableException.class)
                .hasMessageContaining(directory.toString())
                .hasMessageContaining("tries again"));
    first.close();
    awaitTransactions(second, "product:1", 1);
  }

  private LineageRecorder start() {
    LineageRecorder recorder =
        new LineageRecorder(
            directory,
            100_000_000,
            topics,
            LineageRecorderTest::consumer,
            LineageRecorderTest::topicId,
            metrics,
            Clock.systemUTC());
    running.push(recorder);
    recorder.start();
    return recorder;
  }

  private static KafkaConsumer<byte[], byte[]> consumer() {
    Map<String, Object> properties = new HashMap<>(kafka());
    properties.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "none");
    return new KafkaConsumer<>(
        properties, new ByteArrayDeserializer(), new ByteArrayDeserializer());
  }

  private static String topicId(String topic) {
    try (Admin admin = Admin.create(kafka())) {
      return admin.describeTopics(List.of(topic)).allTopicNames().get().values().stream()
          .findFirst()
          .orElseThrow()
          .topicId()
          .toString();
    } catch (Exception e) {
      throw new KafkaException(e);
    }
  }

  private static Map<String, Object> kafka() {
    return KafkaTopics.clientProperties(servers.kafka().bootstrapServers(), Map.of());
  }

  private int partition(String key) {
    return KeySlot.partitionOf(key, topics.invalidations().partitions());
  }

  private void publish(String key, long transaction) throws Exception {
    Instant now = Instant.now();
    send(
        topics.invalidations().name(),
        partition(key),
        new Invalidation(
            "product",
            key,
            new Position(1, transaction),
            now,
            now,
            now,
            new Cause("public.product", "public." + key, transaction, "rules[0].keys[0]")));
  }

  private static void send(String topic, int partition, Object value) throws Exception {
    byte[] bytes = value instanceof byte[] raw ? raw : WireCodec.instance().encode(value);
    try (KafkaProducer<byte[], byte[]> producer =
        new KafkaProducer<>(kafka(), new ByteArraySerializer(), new ByteArraySerializer())) {
      producer.send(new ProducerRecord<>(topic, partition, null, bytes)).get();
    }
  }

  /** Empty while nothing can be read yet. */
  private static <T> Optional<T> read(LineageRecorder recorder, Function<Recorded, T> question) {
    try {
      return Optional.of(recorder.read(question));
    } catch (LineageUnavailableException e) {
      return Optional.empty();
    }
  }

  private void awaitTransactions(LineageRecorder recorder, String key, long... transactions)
      throws Exception {
    Subject subject = Subject.key(partition(key), "product", key);
    Wait.untilHolds(
        BOUND,
        () -> {
          List<LoggedRecord> told =
              read(recorder, recorded -> recorded.newest(subject, 20)).orElse(List.of());
          assertThat(
                  told.stream()
                      .map(record -> (Invalidation) WireCodec.instance().decode(record.value()))
                      .mapToLong(invalidation -> invalidation.cause().transaction())
                      .sorted()
                      .toArray())
              .isEqualTo(transactions);
        });
  }
}
