package dev.hearth.warmer;

import static dev.hearth.warmer.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.hearth.chassis.StartupException;
import dev.hearth.chassis.metrics.Metrics;
import dev.hearth.schemas.access.Churn;
import dev.hearth.schemas.access.HotKeys;
import dev.hearth.schemas.audit.AuditVerdict;
import dev.hearth.schemas.invalidation.Cause;
import dev.hearth.schemas.invalidation.Invalidation;
import dev.hearth.schemas.invalidation.InvalidationRecord;
import dev.hearth.schemas.key.KeySlot;
import dev.hearth.schemas.position.Position;
import dev.hearth.schemas.topic.Topic;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The whole warmer against a real PostgreSQL, Redis and Kafka. */
class WarmerTest {
  private final HttpClient http = HttpClient.newHttpClient();
  private RunningWarmer running;
  private Path directory;

  @BeforeEach
  void open(@TempDir Path temporary) throws Exception {
    directory = temporary;
    running = new RunningWarmer("whole_warmer");
    running.start(settings(List.of(), RunningWarmer.LOAD));
  }

  @AfterEach
  void close() {
    running.close();
  }

  @Test
  void warmsWhatIsReadFindsItCoherentAndForgetsNothingInARestart() throws Exception {
    running.report(Map.of(running.key(1), 100, running.key(2), 50, "foreign:1", 75));
    eventually(
        () -> running.warmer().hotKeys("product"),
        hot -> assertThat(keys(hot)).containsExactly(running.key(1), running.key(2)));
    assertThat(running.metrics.scrape(Metrics.PROMETHEUS_TEXT))
        .contains("hearth_access_reports_total{outcome=\"foreign_key\"}");

    HttpResponse<String> accepted =
        send("POST", "/v1/warmups", "{\"cache\": \"product\", \"top\": 10}");
    String run = accepted.headers().firstValue("Location").orElseThrow();
    eventually(
        () -> body(run).path("state").asText(), state -> assertThat(state).isEqualTo("done"));
    assertThat(body(run).path("progress").path("stored").asInt()).isEqualTo(2);

    AuditVerdict coherent = running.warmer().audit("product", "redis", key -> true);
    assertThat(coherent.checked()).isEqualTo(2);
    assertThat(coherent.stale()).isZero();

    // A writer whose change nobody delivers: the audit must see it, or it proves nothing.
    running.sql("update product set name = 'changed' where id = 2");
    AuditVerdict stale = running.warmer().audit("product", "redis", key -> true);
    assertThat(stale.stale()).isEqualTo(1);
    assertThat(stale.evidence().orElseThrow()).startsWith(running.key(2) + ": entry with stamp 1:");
    running.redis.invalidate("product", running.key(2));
    assertThat(running.warmer().audit("product", "redis", key -> true).stale()).isZero();

    running.stop();
    // Another instance: nothing but Kafka has the heat.
    directory = directory.resolve("another");
    running.start(settings(List.of(), RunningWarmer.LOAD));
    assertThat(
            eventually(
                () -> body(run).path("state").asText(),
                state -> assertThat(state).isEqualTo("done")))
        .isEqualTo("done");
    running.report(Map.of(running.key(3), 60));
    eventually(
        () -> running.warmer().hotKeys("product"),
        hot ->
            assertThat(keys(hot)).containsExactly(running.key(1), running.key(3), running.key(2)));
    eventually(running.health::ready, ready -> assertThat(ready.fine()).isTrue());
    assertThat(running.health.live().fine()).isTrue();
  }

  @Test
  void knowsHowOftenHotKeysAreWritten() throws Exception {
    running.report(Map.of(running.key(1), 100));
    eventually(
        () -> running.warmer().hotKeys("product"),
        hot -> assertThat(keys(hot)).containsExactly(running.key(1)));

    // Of a key that is hot only: so it is written once that is known.
    Instant now = Instant.now();
    Topic<String, InvalidationRecord> invalidations = running.topics.invalidations();
    try (KafkaProducer<String, InvalidationRecord> producer =
        new KafkaProducer<>(
            Map.copyOf(RealServers.kafka()),
            invalidations.key().serializer(),
            invalidations.value().serializer())) {
      for (int transaction = 1; transaction <= 200; transaction++) {
        producer.send(
            new ProducerRecord<>(
                invalidations.name(),
                KeySlot.partitionOf(running.key(1), invalidations.partitions()),
                running.key(1),
                new Invalidation(
                    "product",
                    running.key(1),
                    new Position(1, transaction),
                    now,
                    now,
                    now,
                    new Cause("public.product", "1", transaction, "rules[0].keys[0]"))));
      }
      producer.flush();
    }

    eventually(
        () -> running.warmer().hotKeys("product").orElseThrow().keys().get(0),
        key -> {
          assertThat(key.writesPerSecond()).isGreaterThan(1.5 * key.readsPerSecond());
          assertThat(Churn.isChurning(key)).isTrue();
        });
  }

  @Test
  void saysWhatCannotBeAudited() {
    assertThatThrownBy(() -> running.warmer().audit("page", "redis", key -> true))
        .hasMessage("cache \"page\" has no load query to compare it with; add caches.page.load");
    assertThatThrownBy(() -> running.warmer().audit("product", "hazelcast", key -> true))
        .hasMessage("cache \"product\" is not in a store \"hazelcast\"; it is in [redis]");
  }

  @Test
  void answersUnavailableBeforeItStarts() throws Exception {
    running.warmer().close();

    HttpResponse<String> response = send("GET", "/v1/hot-keys?cache=product", "");

    assertThat(response.statusCode()).isEqualTo(503);
  }

  @Test
  void refusesALoadQueryThatItCouldNotUse() {
    assertThatThrownBy(
            () ->
                new Warmer(
                    settings(List.of(), "select id from product where id = any(:idd)"),
                    Map.of(),
                    running.metrics,
                    running.health,
                    Clock.systemUTC()))
        .isInstanceOf(StartupException.class)
        .hasMessageStartingWith(
            "caches.product.load: load has the parameter :idd, which is no column");
  }

  @Test
  void warmsFromAStandbyOfTheEpochsHistory() throws Exception {
    running.stop();
    List<String> replicas = List.of(RealServers.standby().jdbcUrl("whole_warmer"));
    running.start(settings(replicas, RunningWarmer.LOAD));

    running.report(Map.of(running.key(1), 100));
    eventually(
        () -> running.warmer().hotKeys("product"),
        hot -> assertThat(keys(hot)).containsExactly(running.key(1)));

    // Until the epoch is known, and the standby has replayed the table, the primary answers.
    eventually(
        () -> {
          running.redis.invalidate("product", running.key(1));
          warmAll();
          return running.metrics.scrape(Metrics.PROMETHEUS_TEXT);
        },
        text ->
            assertThat(text)
                .contains("hearth_loads_total{cache=\"product\",from=\"standby\"} 1.0"));
    assertThat(running.warmer().audit("product", "redis", key -> true).checked()).isEqualTo(1);
  }

  private void warmAll() {
    try {
      String run =
          send("POST", "/v1/warmups", "{\"cache\": \"product\", \"top\": 10}")
              .headers()
              .firstValue("Location")
              .orElseThrow();
      eventually(
          () -> body(run).path("state").asText(), state -> assertThat(state).isEqualTo("done"));
    } catch (IOException | InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private WarmerSettings settings(List<String> replicas, String load) {
    return running.settings(directory, replicas, load, RunningWarmer.noTriggers());
  }

  private static List<String> keys(Optional<HotKeys> hot) {
    return hot.map(HotKeys::keys).orElse(List.of()).stream().map(HotKeys.HotKey::key).toList();
  }

  private JsonNode body(String path) {
    try {
      return new ObjectMapper().readTree(send("GET", path, "").body());
    } catch (IOException | InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private HttpResponse<String> send(String method, String path, String body)
      throws IOException, InterruptedException {
    return http.send(
        HttpRequest.newBuilder(URI.create(running.uri() + path))
            .method(method, HttpRequest.BodyPublishers.ofString(body))
            .build(),
        HttpResponse.BodyHandlers.ofString());
  }
}
