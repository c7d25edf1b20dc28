package dev.hearth.warmer.refresh;

import static dev.hearth.warmer.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariDataSource;
import dev.hearth.chassis.metrics.Metric;
import dev.hearth.chassis.metrics.Metrics;
import dev.hearth.schemas.access.HotKeys;
import dev.hearth.schemas.access.HotKeys.HotKey;
import dev.hearth.schemas.invalidation.Applied;
import dev.hearth.schemas.invalidation.Cause;
import dev.hearth.schemas.invalidation.Invalidation;
import dev.hearth.schemas.invalidation.InvalidationRecord;
import dev.hearth.schemas.key.KeySlot;
import dev.hearth.schemas.key.KeyTemplate;
import dev.hearth.schemas.position.Position;
import dev.hearth.schemas.topic.Topics;
import dev.hearth.schemas.warmup.WarmupRun.Progress;
import dev.hearth.store.CacheKey;
import dev.hearth.warmer.RealServers;
import dev.hearth.warmer.RedisFixture;
import dev.hearth.warmer.load.LoadQuery;
import dev.hearth.warmer.load.LoadedBatch;
import dev.hearth.warmer.load.ReadPool;
import dev.hearth.warmer.load.RowLoader;
import dev.hearth.warmer.run.BatchLoader;
import dev.hearth.warmer.run.Refills;
import dev.hearth.warmer.run.WarmableCache;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Hot keys after changes, on a real PostgreSQL, Redis and Kafka. */
class RefresherTest {
  private static final String DATABASE = "refreshed";
  private static final int HOT = 1;
  private static final int CHURNING = 2;
  private static final int COLD = 3;

  private final String prefix = "refresh-" + UUID.randomUUID();
  private final Topics topics = new Topics(prefix);
  private final Metrics metrics = new Metrics("test");
  private RedisFixture redis;
  private HikariDataSource primary;
  private KafkaProducer<String, InvalidationRecord> invalidations;
  private KafkaProducer<String, Applied> deliveries;
  private Refresher refresher;

  @BeforeEach
  void open() throws InterruptedException {
    RealServers.createTopics(topics);
    RealServers.sql(
        DATABASE,
        "drop table if exists product",
        "create table product (id int primary key, name text)",
        "insert into product select i, 'old ' || i from generate_series(1, 9) i");
    redis = new RedisFixture(prefix);
    primary =
        ReadPool.primary(
            RealServers.jdbcUrl(DATABASE),
            RealServers.get().postgres().user(),
            RealServers.get().postgres().password(),
            2,
            Duration.ofSeconds(5));
    invalidations =
        new KafkaProducer<>(
            Map.copyOf(RealServers.kafka()),
            topics.invalidations().key().serializer(),
            topics.invalidations().value().serializer());
    deliveries =
        new KafkaProducer<>(
            Map.copyOf(RealServers.kafka()),
            topics.applied().key().serializer(),
            topics.applied().value().serializer());
    refresher =
        new Refresher(
            topics,
            RealServers.kafka(),
            Map.of("product", List.of("redis")),
            cache -> Optional.of(hot()),
            this::fill,
            metrics,
            Clock.systemUTC(),
            () -> {});
    refresher.start();
    assertThat(refresher.awaitFollowing(Duration.ofSeconds(30))).isTrue();
  }

  @AfterEach
  void close() {
    refresher.close();
    invalidations.close(Duration.ofSeconds(5));
    deliveries.close(Duration.ofSeconds(5));
    primary.close();
    redis.close();
    metrics.close();
  }

  @Test
  void aHotKeyComesBackWithItsNewValueWithoutAReaderAndOthersDoNot() throws Exception {
    for (int id : List.of(CHURNING, COLD, HOT)) {
      change(id);
    }

    eventually(
        () -> value(HOT), value -> assertThat(value).contains("{\"id\":1,\"name\":\"new\"}"));

    eventually(() -> count("churning"), count -> assertThat(count).isEqualTo(1));
    eventually(() -> count("not_hot"), count -> assertThat(count).isEqualTo(1));
    // Whoever was counted as left alone is never filled.
    assertThat(value(CHURNING)).isEmpty();
    assertThat(value(COLD)).isEmpty();
    eventually(() -> count("stored"), count -> assertThat(count).isEqualTo(1));
  }

  @Test
  void aFillThatAChangeOvertakesIsRefusedAndTheNextOneHasTheNewestValue() throws Exception {
    for (int version = 0; version < 20; version++) {
      RealServers.sql(
          DATABASE, "update product set name = 'version " + version + "' where id = " + HOT);
      deliver(HOT);
    }

    eventually(
        () -> value(HOT),
        value -> assertThat(value).contains("{\"id\":1,\"name\":\"version 19\"}"));
  }

  private void change(int id) throws Exception {
    RealServers.sql(DATABASE, "update product set name = 'new' where id = " + id);
    deliver(id);
  }

  /** As the invalidator does: publishes, applies, and says that it has. */
  private void deliver(int id) throws Exception {
    String key = key(id);
    int partition = KeySlot.partitionOf(key, topics.invalidations().partitions());
    Position position = new Position(1, 1);
    long offset =
        invalidations
            .send(
                new ProducerRecord<>(
                    topics.invalidations().name(),
                    partition,
                    key,
                    new Invalidation(
                        "product",
                        key,
                        position,
                        Instant.EPOCH,
                        Instant.EPOCH,
                        Instant.EPOCH,
                        new Cause("public.product", "" + id, 1, "rules[0]"))))
            .get()
            .offset();
    redis.invalidate("product", key);
    deliveries
        .send(
            new ProducerRecord<>(
                topics.applied().name(),
                "redis",
                new Applied(
                    "redis", partition, position, offset, offset, 1, Instant.now(), Duration.ZERO)))
        .get();
  }

  private Map<String, Integer> fill(String cache, String store, List<String> keys)
      throws InterruptedException {
    KeyTemplate template = KeyTemplate.parse(prefix + ":{id}");
    RowLoader rows =
        new RowLoader(
            primary,
            LoadQuery.parse("select id, name from product where id = any(:id)", template),
            template);
    BatchLoader loader =
        (batch, floor) -> {
          LoadedBatch loaded = rows.load(batch);
          return new BatchLoader.Loaded(loaded.found(), loaded.absent());
        };
    Progress filled =
        new Refills(Duration.ofSeconds(5), 100, new Random(1))
            .fill(
                new WarmableCache(
                    cache, Duration.ofHours(1), List.of(redis.store()), Optional.of(loader)),
                keys);
    return Map.of("stored", filled.stored(), "lease_lost", filled.leaseLost());
  }

  private HotKeys hot() {
    return new HotKeys(
        "product",
        Instant.EPOCH,
        Duration.ofMinutes(10),
        List.of(
            new HotKey(key(HOT), 50, 1).withWritesPerSecond(5),
            new HotKey(key(CHURNING), 50, 1).withWritesPerSecond(60)));
  }

  private Optional<String> value(int id) {
    return redis
        .store()
        .peek(new CacheKey("product", key(id)))
        .toCompletableFuture()
        .join()
        .flatMap(hit -> hit.value().bytes())
        .map(bytes -> new String(bytes, StandardCharsets.UTF_8));
  }

  private String key(int id) {
    return prefix + ":" + id;
  }

  private double count(String outcome) {
    return metrics.counter(Metric.REFRESHES, "product", outcome).count();
  }
}
