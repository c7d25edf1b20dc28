package dev.hearth.warmer;

import static dev.hearth.warmer.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.chassis.config.HearthConfig;
import dev.hearth.chassis.config.Secret;
import dev.hearth.chassis.health.Health;
import dev.hearth.chassis.http.Binding;
import dev.hearth.chassis.http.HttpService;
import dev.hearth.chassis.metrics.Metrics;
import dev.hearth.schemas.access.AccessReport;
import dev.hearth.schemas.access.AccessReport.KeyCount;
import dev.hearth.schemas.audit.AuditVerdict;
import dev.hearth.schemas.key.KeyTemplate;
import dev.hearth.schemas.topic.Topics;
import dev.hearth.store.CacheKey;
import dev.hearth.warmer.audit.AuditSettings;
import dev.hearth.warmer.heat.HeatSettings;
import dev.hearth.warmer.run.RunnerSettings;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.stream.IntStream;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;

/** A warmer with a plan for everything, and five hot keys, on real servers. */
final class WarmerWithTriggers implements AutoCloseable {
  static final String SECRET = "0123456789abcdef";
  static final int KEYS = 5;

  private static final String DATABASE = "with_triggers";

  final String prefix = "triggers-" + UUID.randomUUID();
  final Topics topics = new Topics(prefix);
  final Metrics metrics = new Metrics("test");
  final RedisFixture redis;
  final Warmer warmer;
  final HttpService service;

  /**
   * @param cold whether the plan starts when the store is found cold
   */
  WarmerWithTriggers(Path directory, boolean cold) throws Exception {
    RealServers.createTopics(topics);
    RealServers.sql(
        DATABASE,
        "drop table if exists product",
        "create table product (id int primary key, name text)",
        "insert into product select i, 'product ' || i from generate_series(1, 100) i");
    RealServers.publishEpoch(topics, DATABASE);
    redis = new RedisFixture(prefix);
    warmer =
        new Warmer(
            settings(directory, cold),
            Map.of("redis", redis.store()),
            metrics,
            new Health(),
            Clock.systemUTC());
    service = new HttpService(new Binding("127.0.0.1", 0, null), List.of(warmer.routes()));
    service.start();
    warmer.start();
    report();
    eventually(
        () -> warmer.hotKeys("product"),
        hot -> assertThat(hot).hasValueSatisfying(known -> assertThat(known.keys()).hasSize(KEYS)));
  }

  String key(int id) {
    return prefix + ":" + id;
  }

  Optional<String> value(int id) {
    return redis
        .store()
        .peek(new CacheKey("product", key(id)))
        .toCompletableFuture()
        .join()
        .flatMap(hit -> hit.value().bytes())
        .map(bytes -> new String(bytes, StandardCharsets.UTF_8));
  }

  /** Takes all hot keys out, as changes would. */
  void empty() {
    for (int id = 1; id <= KEYS; id++) {
      redis.invalidate("product", key(id));
    }
  }

  void awaitWarm() {
    for (int id = 1; id <= KEYS; id++) {
      int each = id;
      eventually(
          () -> value(each),
          value ->
              assertThat(value)
                  .contains("{\"id\":" + each + ",\"name\":\"product " + each + "\"}"));
    }
  }

  URI uri() {
    return service.uri();
  }

  static void sql(String statement) {
    RealServers.sql(DATABASE, statement);
  }

  private WarmerSettings settings(Path directory, boolean cold) {
    return new WarmerSettings(
        RealServers.kafka(),
        topics,
        directory,
        new WarmerSettings.Database(
            RealServers.jdbcUrl(DATABASE),
            List.of(),
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
                Optional.of("select id, name from product where id = any(:id)"))),
        new HeatSettings(
            Duration.ofMinutes(10),
            1_000,
            4,
            1_024,
            Duration.ofMillis(100),
            Duration.ofMillis(200)),
        RunnerSettings.defaults(),
        AuditSettings.defaults(),
        new WarmerSettings.Triggers(
            Map.of(
                "after-deploy",
                new HearthConfig.Warmup(
                    List.of("product"),
                    1_000,
                    HearthConfig.By.READS,
                    Duration.ofMinutes(1),
                    List.of("production"),
                    null,
                    "UTC",
                    cold)),
            new HearthConfig.Hooks(new Secret(SECRET), Duration.ofMinutes(5)),
            Set.of("product")));
  }

  private void report() throws ExecutionException, InterruptedException {
    Instant now = Instant.now();
    List<KeyCount> counts =
        IntStream.rangeClosed(1, KEYS)
            .mapToObj(id -> new KeyCount("product", key(id), 100 * id, 0, Duration.ZERO))
            .toList();
    try (KafkaProducer<String, AccessReport> producer =
        new KafkaProducer<>(
            Map.copyOf(RealServers.kafka()),
            topics.accesses().key().serializer(),
            topics.accesses().value().serializer())) {
      AccessReport report = new AccessReport("client-1", now.minusSeconds(5), now, counts, 0);
      producer.send(new ProducerRecord<>(topics.accesses().name(), "client-1", report)).get();
    }
  }

  @Override
  public void close() throws IOException {
    service.close();
    warmer.close();
    redis.close();
    metrics.close();
  }
}
