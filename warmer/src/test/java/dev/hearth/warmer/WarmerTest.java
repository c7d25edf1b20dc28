package dev.hearth.warmer;

import static dev.hearth.warmer.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.hearth.chassis.StartupException;
import dev.hearth.chassis.health.Health;
import dev.hearth.chassis.http.Binding;
import dev.hearth.chassis.http.HttpService;
import dev.hearth.chassis.metrics.Metrics;
import dev.hearth.schemas.access.AccessReport;
import dev.hearth.schemas.access.AccessReport.KeyCount;
import dev.hearth.schemas.access.Churn;
import dev.hearth.schemas.access.HotKeys;
import dev.hearth.schemas.audit.AuditVerdict;
import dev.hearth.schemas.invalidation.Cause;
import dev.hearth.schemas.invalidation.Invalidation;
import dev.hearth.schemas.invalidation.InvalidationRecord;
import dev.hearth.schemas.key.KeySlot;
import dev.hearth.schemas.key.KeyTemplate;
import dev.hearth.schemas.position.Position;
import dev.hearth.schemas.topic.Topic;
import dev.hearth.schemas.topic.Topics;
import dev.hearth.warmer.audit.AuditSettings;
import dev.hearth.warmer.heat.HeatSettings;
import dev.hearth.warmer.run.RunnerSettings;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The whole warmer against a real PostgreSQL, Redis and Kafka. */
class WarmerTest {
  private static final String DATABASE = "whole_warmer";

  private final String prefix = "warmer-" + UUID.randomUUID();
  private final Topics topics = new Topics(prefix);
  private final Metrics metrics = new Metrics("test");
  private final Health health = new Health();
  private final HttpClient http = HttpClient.newHttpClient();
  private List<String> replicas = List.of();
  private Path directory;
  private RedisFixture redis;
  private Warmer warmer;
  private HttpService service;

  @BeforeEach
  void open(@TempDir Path temporary) throws Exception {
    directory = temporary;
    RealServers.createTopics(topics);
    RealServers.sql(
        DATABASE,
        "drop table if exists product",
        "create table product (id int primary key, name text)",
        "insert into product select i, 'product ' || i from generate_series(1, 100) i");
    redis = new RedisFixture(prefix);
    RealServers.publishEpoch(topics, DATABASE);
    start();
  }

  private void start() throws IOException {
    warmer =
        new Warmer(
            settings("select id, name from product where id = any(:id)"),
            Map.of("redis", redis.store()),
            metrics,
            health,
            Clock.systemUTC());
    service = new HttpService(new Binding("127.0.0.1", 0, null), List.of(warmer.routes()));
    service.start();
    warmer.start();
  }

  @AfterEach
  void close() {
    stop();
    redis.close();
    metrics.close();
  }

  private void stop() {
    service.close();
    warmer.close();
  }

  @Test
  void warmsWhatIsReadFindsItCoherentAndForgetsNothingInARestart() throws Exception {
    report(key(1), 100, key(2), 50, "foreign:1", 75);
    eventually(
        () -> warmer.hotKeys("product"),
        hot -> assertThat(keys(hot)).containsExactly(key(1), key(2)));
    assertThat(metrics.scrape(Metrics.PROMETHEUS_TEXT))
        .contains("hearth_access_reports_total{outcome=\"foreign_key\"}");

    HttpResponse<String> accepted =
        send("POST", "/v1/warmups", "{\"cache\": \"product\", \"top\": 10}");
    String run = accepted.headers().firstValue("Location").orElseThrow();
    eventually(
        () -> body(run).path("state").asText(), state -> assertThat(state).isEqualTo("done"));
    assertThat(body(run).path("progress").path("stored").asInt()).isEqualTo(2);

    AuditVerdict coherent = warmer.audit("product", "redis", key -> true);
    assertThat(coherent.checked()).isEqualTo(2);
    assertThat(coherent.stale()).isZero();

    // A writer whose change nobody delivers: the audit must see it, or it proves nothing.
    RealServers.sql(DATABASE, "update product set name = 'changed' where id = 2");
    AuditVerdict stale = warmer.audit("product", "redis", key -> true);
    assertThat(stale.stale()).isEqualTo(1);
    assertThat(stale.evidence().orElseThrow()).startsWith(key(2) + ": entry with stamp 1:");
    redis.invalidate("product", key(2));
    assertThat(warmer.audit("product", "redis", key -> true).stale()).isZero();

    stop();
    // Another instance: nothing but Kafka has the heat.
    directory = directory.resolve("another");
    start();
    assertThat(
            eventually(
                () -> body(run).path("state").asText(),
                state -> assertThat(state).isEqualTo("done")))
        .isEqualTo("done");
    report(key(3), 60);
    eventually(
        () -> warmer.hotKeys("product"),
        hot -> assertThat(keys(hot)).containsExactly(key(1), key(3), key(2)));
    eventually(health::ready, ready -> assertThat(ready.fine()).isTrue());
    assertThat(health.live().fine()).isTrue();
  }

  @Test
  void knowsHowOftenHotKeysAreWritten() throws Exception {
    report(key(1), 100);
    eventually(
        () -> warmer.hotKeys("product"), hot -> assertThat(keys(hot)).containsExactly(key(1)));

    // Of a key that is hot only: so it is written once that is known.
    Instant now = Instant.now();
    Topic<String, InvalidationRecord> invalidations = topics.invalidations();
    try (KafkaProducer<String, InvalidationRecord> producer =
        new KafkaProducer<>(
            Map.copyOf(RealServers.kafka()),
            invalidations.key().serializer(),
            invalidations.value().serializer())) {
      for (int transaction = 1; transaction <= 200; transaction++) {
        producer.send(
            new ProducerRecord<>(
                invalidations.name(),
                KeySlot.partitionOf(key(1), invalidations.partitions()),
                key(1),
                new Invalidation(
                    "product",
                    key(1),
                    new Position(1, transaction),
                    now,
                    now,
                    now,
                    new Cause("public.product", "1", transaction, "rules[0].keys[0]"))));
      }
      producer.flush();
    }

    eventually(
        () -> warmer.hotKeys("product").orElseThrow().keys().get(0),
        key -> {
          assertThat(key.writesPerSecond()).isGreaterThan(1.5 * key.readsPerSecond());
          assertThat(Churn.isChurning(key)).isTrue();
        });
  }

  @Test
  void saysWhatCannotBeAudited() {
    assertThatThrownBy(() -> warmer.audit("page", "redis", key -> true))
        .hasMessage("cache \"page\" has no load query to compare it with; add caches.page.load");
    assertThatThrownBy(() -> warmer.audit("product", "hazelcast", key -> true))
        .hasMessage("cache \"product\" is not in a store \"hazelcast\"; it is in [redis]");
  }

  @Test
  void answersUnavailableBeforeItStarts() throws Exception {
    warmer.close();

    HttpResponse<String> response = send("GET", "/v1/hot-keys?cache=product", "");

    assertThat(response.statusCode()).isEqualTo(503);
  }

  @Test
  void refusesALoadQueryThatItCouldNotUse() {
    assertThatThrownBy(
            () ->
                new Warmer(
                    settings("select id from product where id = any(:idd)"),
                    Map.of(),
                    metrics,
                    health,
                    Clock.systemUTC()))
        .isInstanceOf(StartupException.class)
        .hasMessageStartingWith(
            "caches.product.load: load has the parameter :idd, which is no column");
  }

  @Test
  void warmsFromAStandbyOfTheEpochsHistory() throws Exception {
    stop();
    replicas = List.of(RealServers.standby().jdbcUrl(DATABASE));
    start();

    report(key(1), 100);
    eventually(
        () -> warmer.hotKeys("product"), hot -> assertThat(keys(hot)).containsExactly(key(1)));

    // Until the epoch is known, and the standby has replayed the table, the primary answers.
    eventually(
        () -> {
          redis.invalidate("product", key(1));
          warmAll();
          return metrics.scrape(Metrics.PROMETHEUS_TEXT);
        },
        text ->
            assertThat(text)
                .contains("hearth_loads_total{cache=\"product\",from=\"standby\"} 1.0"));
    assertThat(warmer.audit("product", "redis", key -> true).checked()).isEqualTo(1);
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

  private WarmerSettings settings(String load) {
    return new WarmerSettings(
        RealServers.kafka(),
        topics,
        directory,
        new WarmerSettings.Database(
            RealServers.jdbcUrl(DATABASE),
            replicas,
            RealServers.get().postgres().user(),
            RealServers.get().postgres().password(),
            Duration.ofSeconds(5)),
        List.of(
            new WarmerSettings.Cache(
                "product",
                KeyTemplate.parse(prefix + ":{id}"),
                Duration.ofHours(1),
                List.of("redis"),
                AuditVerdict.Mode.FENCED,
                Duration.ofSeconds(5),
                Optional.of(load)),
            new WarmerSettings.Cache(
                "page",
                KeyTemplate.parse("page:{id}"),
                Duration.ofHours(1),
                List.of("redis"),
                AuditVerdict.Mode.FENCED,
                Duration.ofSeconds(5),
                Optional.empty())),
        new HeatSettings(
            Duration.ofMinutes(10),
            1_000,
            4,
            1_024,
            Duration.ofMillis(100),
            Duration.ofMillis(200)),
        RunnerSettings.defaults(),
        new AuditSettings(
            100, Duration.ofMillis(300), Duration.ofMillis(20), Duration.ofSeconds(5)));
  }

  private void report(Object... keysAndReads) throws ExecutionException, InterruptedException {
    List<KeyCount> counts =
        java.util.stream.IntStream.range(0, keysAndReads.length / 2)
            .mapToObj(
                i ->
                    new KeyCount(
                        "product",
                        (String) keysAndReads[2 * i],
                        (Integer) keysAndReads[2 * i + 1],
                        0,
                        Duration.ZERO))
            .toList();
    Instant now = Instant.now();
    try (KafkaProducer<String, AccessReport> producer =
        new KafkaProducer<>(
            Map.copyOf(RealServers.kafka()),
            topics.accesses().key().serializer(),
            topics.accesses().value().serializer())) {
      AccessReport report = new AccessReport("client-1", now.minusSeconds(5), now, counts, 0);
      producer.send(new ProducerRecord<>(topics.accesses().name(), "client-1", report)).get();
    }
  }

  private static List<String> keys(Optional<HotKeys> hot) {
    return hot.map(HotKeys::keys).orElse(List.of()).stream().map(HotKeys.HotKey::key).toList();
  }

  private String key(int id) {
    return prefix + ":" + id;
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
        HttpRequest.newBuilder(URI.create(service.uri() + path))
            .method(method, HttpRequest.BodyPublishers.ofString(body))
            .build(),
        HttpResponse.BodyHandlers.ofString());
  }
}
