package dev.hearth.cli;

import static dev.hearth.cli.Ran.run;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.hearth.chassis.kafka.KafkaTopics;
import dev.hearth.sandbox.Sandbox;
import dev.hearth.sandbox.Server;
import dev.hearth.schemas.invalidation.Cause;
import dev.hearth.schemas.invalidation.Invalidation;
import dev.hearth.schemas.invalidation.InvalidationMark;
import dev.hearth.schemas.invalidation.InvalidationRecord;
import dev.hearth.schemas.position.GenerationRaised;
import dev.hearth.schemas.position.Position;
import dev.hearth.schemas.topic.Topic;
import dev.hearth.schemas.topic.Topics;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TailCommandTest {
  private static final Topics TOPICS = new Topics("tail");
  private static final Instant AT = Instant.parse("2026-11-23T10:00:00.123456Z");
  private static Sandbox servers;
  private static Map<String, Object> kafka;

  @BeforeAll
  static void startServers() {
    servers = Sandbox.builder().servers(Server.KAFKA).start();
    kafka = KafkaTopics.clientProperties(servers.kafka().bootstrapServers(), Map.of());
  }

  @AfterAll
  static void stopServers() {
    servers.close();
  }

  private static Path config(Path directory, String prefix) throws Exception {
    return Files.writeString(
        directory.resolve("hearth.yaml"),
        """
        source: { postgres: { url: "jdbc:postgresql://127.0.0.1:1/none", user: nobody } }
        kafka: { bootstrapServers: "%s", topicPrefix: %s }
        stores: { redis: { type: redis, uri: "redis://127.0.0.1:1" } }
        caches:
          product: { stores: [ redis ], key: "product:{id}" }
          price: { stores: [ redis ], key: "price:{id}" }
        rules: [ { table: public.product, keys: [ "product:{id}", "price:{id}" ] } ]
        """
            .formatted(servers.kafka().bootstrapServers(), prefix));
  }

  @Test
  void printsWhatConcernsTheCacheAsItComes(@TempDir Path directory) throws Exception {
    KafkaTopics.ensure(
        kafka, replicas -> TOPICS.all().stream().map(topic -> topic.definition(replicas)).toList());
    try (Admin admin = Admin.create(kafka)) {
      // The broker that is asked learns of it a moment after the controller.
      Installation.eventually(
          () ->
              assertThat(admin.listTopics().names().get()).contains(TOPICS.invalidations().name()));
    }
    String file = config(directory, "tail").toString();
    CompletableFuture<Ran> tail =
        CompletableFuture.supplyAsync(
            () ->
                run("tail", "--config", file, "--cache", "product", "--limit", "2", "-o", "json"));

    // It begins at the end, and nobody tells when it has: so the same is said until it was heard.
    publishUntilDone(tail);

    assertThat(tail.get().err()).isEmpty();
    assertThat(tail.get().status()).isZero();
    List<JsonNode> lines = tail.get().out().lines().map(TailCommandTest::json).toList();
    assertThat(lines).hasSize(2);
    assertThat(lines)
        .extracting(line -> line.path("kind").asText())
        .containsOnly("invalidation", "generation");
    assertThat(lines)
        .allSatisfy(line -> assertThat(line.path("cache").asText()).isEqualTo("product"));
    assertThat(lines)
        .filteredOn(line -> line.path("kind").asText().equals("invalidation"))
        .allSatisfy(
            line -> {
              assertThat(line.path("key").asText()).isEqualTo("product:42");
              assertThat(line.path("rule").asText()).isEqualTo("rules[0]");
              assertThat(line.path("derivedAfterMillis").asDouble()).isEqualTo(2);
            });
  }

  private static JsonNode json(String line) {
    try {
      return new ObjectMapper().readTree(line);
    } catch (Exception e) {
      throw new AssertionError(line, e);
    }
  }

  private static void publishUntilDone(CompletableFuture<?> done) throws Exception {
    Topic<String, InvalidationRecord> topic = TOPICS.invalidations();
    try (KafkaProducer<String, InvalidationRecord> producer =
        new KafkaProducer<>(kafka, topic.key().serializer(), topic.value().serializer())) {
      long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
      while (!done.isDone()) {
        assertThat(System.nanoTime()).isLessThan(deadline);
        producer.send(new ProducerRecord<>(topic.name(), 0, "price:42", invalidation("price")));
        producer.send(new ProducerRecord<>(topic.name(), 0, "product:42", invalidation("product")));
        producer.send(
            new ProducerRecord<>(
                topic.name(),
                0,
                "product",
                new InvalidationMark(
                    new GenerationRaised("product", 7, new Position(1, 5), "poison", AT))));
        producer.flush();
        try {
          done.get(200, TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
          continue;
        }
      }
    }
  }

  private static Invalidation invalidation(String cache) {
    return new Invalidation(
        cache,
        cache + ":42",
        new Position(1, 4),
        AT,
        AT.plusMillis(1),
        AT.plusMillis(2),
        new Cause("public.product", "42", 700, "rules[0]"));
  }

  @Test
  void aCacheThatIsNotConfiguredIsNamedWithTheLikelyOne(@TempDir Path directory) throws Exception {
    Ran ran = run("tail", "--config", config(directory, "tail").toString(), "--cache", "prodcut");

    assertThat(ran.status()).isEqualTo(2);
    assertThat(ran.err()).contains("there is no cache prodcut; did you mean 'product'?");
  }

  @Test
  void anInstallationThatNeverRanIsToldToStart(@TempDir Path directory) throws Exception {
    Ran ran = run("tail", "--config", config(directory, "never").toString());

    assertThat(ran.status()).isEqualTo(1);
    assertThat(ran.err()).contains("there is no topic never.invalidations yet");
  }
}
