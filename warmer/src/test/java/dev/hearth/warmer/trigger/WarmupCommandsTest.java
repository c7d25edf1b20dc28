package dev.hearth.warmer.trigger;

import static dev.hearth.warmer.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.chassis.metrics.Metrics;
import dev.hearth.schemas.topic.Topics;
import dev.hearth.schemas.warmup.WarmupCommand;
import dev.hearth.warmer.RealServers;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Commands on a real Kafka. */
class WarmupCommandsTest {
  private final Topics topics = new Topics("commands-" + UUID.randomUUID());
  private final Metrics metrics = new Metrics("test");
  private final RecordingPlans plans = new RecordingPlans();
  private KafkaProducer<String, byte[]> producer;

  @BeforeEach
  void open() {
    RealServers.createTopics(topics);
    producer =
        new KafkaProducer<>(
            Map.copyOf(RealServers.kafka()), new StringSerializer(), new ByteArraySerializer());
  }

  @AfterEach
  void close() {
    producer.close(Duration.ofSeconds(5));
    metrics.close();
  }

  @Test
  void commandsAreFollowedOnceAndPoisonIsSetAsideWithItsReason() throws Exception {
    send(command("one", Optional.of("nightly"), Optional.empty()));
    producer
        .send(
            new ProducerRecord<>(
                topics.warmupRequests().name(), "bad", "no avro".getBytes(StandardCharsets.UTF_8)))
        .get();
    send(command("two", Optional.of("everything"), Optional.empty()));
    send(command("one", Optional.of("nightly"), Optional.empty()));
    send(command("three", Optional.empty(), Optional.of("product")));

    try (KafkaClaims claims = claims();
        WarmupCommands commands = commands(claims)) {
      claims.start();
      commands.start();
      eventually(
          () -> plans.started,
          started -> assertThat(started).contains("product 500 by command of a test"));

      // The same command was sent twice, and followed once.
      assertThat(plans.started)
          .containsExactly("nightly by command of a test", "product 500 by command of a test");
    }
    assertThat(deadLetters())
        .hasSize(2)
        .anySatisfy(reason -> assertThat(reason).contains("does not begin with C3 01"))
        .anySatisfy(
            reason ->
                assertThat(reason)
                    .isEqualTo(
                        "command: plan: \"everything\" is not known; expected one of"
                            + " after-deploy, nightly"));
  }

  @Test
  void aCommandThatIsRefusedIsAskedAgainAndNotPassed() throws Exception {
    plans.refusing = true;
    send(command("one", Optional.of("nightly"), Optional.empty()));
    try (KafkaClaims claims = claims();
        WarmupCommands commands = commands(claims)) {
      claims.start();
      commands.start();
      eventually(
          () ->
              metrics
                  .counter(dev.hearth.chassis.metrics.Metric.TRIGGERS, "command", "refused")
                  .count(),
          refused -> assertThat(refused).isPositive());
    }

    // Nothing was committed: another instance finds it.
    plans.refusing = false;
    try (KafkaClaims claims = claims();
        WarmupCommands commands = commands(claims)) {
      claims.start();
      commands.start();
      eventually(
          () -> plans.started,
          started -> assertThat(started).containsExactly("nightly by command of a test"));
    }
    assertThat(deadLetters()).isEmpty();
  }

  private KafkaClaims claims() {
    return new KafkaClaims(
        topics.triggerClaims(), RealServers.kafka(), Clock.systemUTC(), () -> {});
  }

  private WarmupCommands commands(Claims claims) {
    return new WarmupCommands(
        topics,
        RealServers.kafka(),
        plans,
        Set.of("product"),
        claims,
        metrics,
        Clock.systemUTC(),
        () -> {});
  }

  private static WarmupCommand command(String id, Optional<String> plan, Optional<String> cache) {
    return new WarmupCommand(id, plan, cache, 500, "a test", Instant.now());
  }

  private void send(WarmupCommand command) throws ExecutionException, InterruptedException {
    byte[] value =
        topics
            .warmupRequests()
            .value()
            .serializer()
            .serialize(topics.warmupRequests().name(), command);
    producer.send(new ProducerRecord<>(topics.warmupRequests().name(), command.id(), value)).get();
  }

  /** Reasons of all letters, with the stage where it is not in the sentence, each once. */
  private List<String> deadLetters() {
    Map<String, Object> configuration = new HashMap<>(RealServers.kafka());
    configuration.put("enable.auto.commit", false);
    TopicPartition partition = new TopicPartition(topics.deadLetters().name(), 0);
    Map<String, String> byOffset = new java.util.LinkedHashMap<>();
    try (KafkaConsumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(
            configuration, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      consumer.assign(List.of(partition));
      consumer.seekToBeginning(List.of(partition));
      long end =
          Optional.ofNullable(consumer.endOffsets(List.of(partition)).get(partition)).orElseThrow();
      while (consumer.position(partition) < end) {
        consumer
            .poll(Duration.ofMillis(200))
            .forEach(
                record ->
                    byOffset.put(
                        header(record.headers().lastHeader("__streams.errors.offset").value()),
                        header(record.headers().lastHeader("hearth.stage").value())
                            + ": "
                            + header(
                                record.headers().lastHeader("__streams.errors.message").value())));
      }
    }
    return new ArrayList<>(byOffset.values());
  }

  private static String header(byte[] value) {
    return new String(value, StandardCharsets.UTF_8);
  }
}
