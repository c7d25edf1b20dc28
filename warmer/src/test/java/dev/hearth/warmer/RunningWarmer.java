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
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.stream.IntStream;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.jspecify.annotations.Nullable;

/**
 * A whole warmer of a hundred products, with its HTTP port, on real servers; and what its clients
 * and its database do.
 */
final class RunningWarmer implements AutoCloseable {
  static final String SECRET = "0123456789abcdef";
  static final String LOAD = "select id, name from product where id = any(:id)";

  /** Hot keys of one with triggers. */
  static final int KEYS = 5;

  final String prefix;
  final Topics topics;
  final Metrics metrics = new Metrics("test");
  final Health health = new Health();
  final RedisFixture redis;
  private final String database;
  private @Nullable Warmer warmer;
  private @Nullable HttpService service;

  /**
   * Makes the database, the topics and the store; runs nothing before {@link #start}.
   *
   * @param name of the database, no other test's
   */
  RunningWarmer(String name) throws Exception {
    database = name;
    prefix = name + "-" + UUID.randomUUID();
    topics = new Topics(prefix);
    RealServers.createTopics(topics);
    RealServers.sql(
        database,
        "drop table if exists product",
        "create table product (id int primary key, name text)",
        "insert into product select i, 'product ' || i from generate_series(1, 100) i");
    RealServers.publishEpoch(topics, database);
    redis = new RedisFixture(prefix);
  }

  /**
   * One with a plan for everything, which knows its hot keys already.
   *
   * @param cold whether the plan starts when the store is found cold
   */
  static RunningWarmer withTriggers(Path directory, boolean cold) throws Exception {
    RunningWarmer running = new RunningWarmer("with_triggers");
    running.start(running.settings(directory, List.of(), LOAD, triggers(cold)));
    Map<String, Integer> reads = new LinkedHashMap<>();
    IntStream.rangeClosed(1, KEYS).forEach(id -> reads.put(running.key(id), 100 * id));
    running.report(reads);
    eventually(
        () -> running.warmer().hotKeys("product"),
        hot -> assertThat(hot).hasValueSatisfying(known -> assertThat(known.keys()).hasSize(KEYS)));
    return running;
  }

  void start(WarmerSettings settings) throws IOException {
    Warmer started =
        new Warmer(settings, Map.of("redis", redis.store()), metrics, health, Clock.systemUTC());
    HttpService port =
        new HttpService(new Binding("127.0.0.1", 0, null), List.of(started.routes()));
    warmer = started;
    service = port;
    port.start();
    started.start();
  }

  /** As a process ends; another may be started. */
  void stop() {
    if (service != null) {
      service.close();
    }
    if (warmer != null) {
      warmer.close();
    }
  }

  /** The one that was started last. */
  Warmer warmer() {
    return Objects.requireNonNull(warmer, "not started");
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
    return Objects.requireNonNull(service, "not started").uri();
  }

  void sql(String statement) {
    RealServers.sql(database, statement);
  }

  static WarmerSettings.Triggers noTriggers() {
    return new WarmerSettings.Triggers(
        Map.of(), new HearthConfig.Hooks(null, Duration.ofMinutes(5)), Set.of());
  }

  private static WarmerSettings.Triggers triggers(boolean cold) {
    return new WarmerSettings.Triggers(
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
        Set.of("product"));
  }

  /**
   * Of a cache of products, and of one of pages that nothing says how to load.
   *
   * @param directory of this process
   * @param replicas JDBC URLs of standbys
   * @param load of the products
   */
  WarmerSettings settings(
      Path directory, List<String> replicas, String load, WarmerSettings.Triggers triggers) {
    return new WarmerSettings(
        RealServers.kafka(),
        topics,
        directory,
        new WarmerSettings.Database(
            RealServers.jdbcUrl(database),
            replicas,
            RealServers.get().postgres().user(),
            RealServers.get().postgres().password(),
            Duration.ofSeconds(5)),
        List.of(
            cache("product", KeyTemplate.parse(prefix + ":{id}"), Optional.of(load)),
            cache("page", KeyTemplate.parse("page:{id}"), Optional.empty())),
        new HeatSettings(
            Duration.ofMinutes(10),
            1_000,
            4,
            1_024,
            Duration.ofMillis(100),
            Duration.ofMillis(200)),
        RunnerSettings.defaults(),
        new AuditSettings(
            100, Duration.ofMillis(300), Duration.ofMillis(20), Duration.ofSeconds(5)),
        triggers);
  }

  private static WarmerSettings.Cache cache(
      String name, KeyTemplate template, Optional<String> load) {
    return new WarmerSettings.Cache(
        name,
        template,
        Duration.ofHours(1),
        List.of("redis"),
        AuditVerdict.Mode.FENCED,
        Duration.ofSeconds(5),
        load);
  }

  /** What a client reports of the products. */
  void report(Map<String, Integer> readsByKey) throws ExecutionException, InterruptedException {
    List<KeyCount> counts = new ArrayList<>();
    readsByKey.forEach(
        (key, reads) -> counts.add(new KeyCount("product", key, reads, 0, Duration.ZERO)));
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

  @Override
  public void close() {
    stop();
    redis.close();
    metrics.close();
  }
}
