package dev.hearth.guarantees;

import static dev.hearth.guarantees.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import com.hazelcast.client.HazelcastClient;
import com.hazelcast.client.config.ClientConfig;
import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.map.IMap;
import dev.hearth.chassis.config.ConfigLoader;
import dev.hearth.chassis.config.HearthConfig;
import dev.hearth.chassis.metrics.Metric;
import dev.hearth.cli.Role;
import dev.hearth.cli.Services;
import dev.hearth.sandbox.Wait;
import dev.hearth.schemas.audit.AuditVerdict;
import dev.hearth.schemas.invalidation.Invalidation;
import dev.hearth.schemas.key.KeySlot;
import dev.hearth.schemas.topic.Topics;
import dev.hearth.store.Meta;
import dev.hearth.store.MetaCodec;
import dev.hearth.warmer.Warmer;
import io.lettuce.core.RedisClient;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.sync.RedisCommands;
import io.lettuce.core.codec.ByteArrayCodec;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.postgresql.replication.LogSequenceNumber;

/**
 * Caches that any client fills by SET: what a change touches is deleted, and deleted once more,
 * whatever happens in between. And caches that are only watched.
 */
class PlainAndObserveTest {
  private static final String PRODUCT = "product:\n    stores";
  private static final Duration GONE_BOUND = Duration.ofSeconds(10);
  private static final String CATEGORY = ":category:{id}\" }";

  private Shop shop;
  private RedisClient client;
  private StatefulRedisConnection<String, String> connection;
  private RedisCommands<String, String> redis;

  @BeforeEach
  void open() throws Exception {
    shop = new Shop();
    client = RedisClient.create(shop.servers().redis().uri());
    connection = client.connect();
    redis = connection.sync();
    shop.execute("insert into product values (1, 'cup', 10), (2, 'pot', 20)");
    shop.execute("insert into category values (10, 'kitchen'), (20, 'garden')");
  }

  @AfterEach
  void close() throws Exception {
    connection.close();
    client.shutdown(Duration.ZERO, Duration.ofSeconds(2));
    shop.close();
  }

  @Test
  void aValueThatWasWrittenTooLateIsDeletedByTheSecondDeleteAlsoAfterAStop() throws Exception {
    try (Services services = start(plain("1s"))) {
      awaitOnlyWhatChangedIsDeleted(
          services,
          "category",
          "redis",
          () -> redis.set(shop.category(20), "garden"),
          () -> redis.get(shop.category(20)));
      assertDeletedAgain(
          services,
          "category",
          "redis",
          () -> redis.set(shop.category(10), "kitchen"),
          () -> redis.get(shop.category(10)));
      assertThat(redis.get(shop.category(20))).as("nothing changed").isEqualTo("garden");
    }
    try (Services services = start(plain("9m"))) {
      redis.set(shop.category(10), "bath");
      shop.execute("update category set name = 'hall' where id = 10");
      // It may be gone because of the first change, which is applied again after the stop.
      awaitApplied(shop.category(10));
      awaitGone(shop.category(10));
      // Others go on, and what the store says goes on with them.
      for (String name : List.of("mug", "jug", "cup")) {
        double before = count(services, "product", "applied");
        shop.execute("update product set name = '" + name + "' where id = 1");
        eventually(() -> assertThat(count(services, "product", "applied")).isGreaterThan(before));
      }
      // The product's category went with it, in a partition of its own.
      awaitApplied(shop.category(10));
      redis.set(shop.category(10), "bath");
    }
    assertThat(redis.get(shop.category(10))).isEqualTo("bath");

    try (Services services = start(plain("1s"))) {
      assertThat(services.metrics()).isNotNull();
      awaitGone(shop.category(10));
      assertThat(redis.get(shop.category(20))).as("the cache was not emptied").isNotNull();
    }
  }

  @Test
  void aValueThatWasWrittenTooLateToHazelcastIsDeletedByTheSecondDeleteToo() throws Exception {
    ClientConfig member = new ClientConfig();
    member.setClusterName(shop.servers().hazelcast().clusterName());
    member.getNetworkConfig().addAddress(shop.servers().hazelcast().address());
    HazelcastInstance hazelcast = HazelcastClient.newHazelcastClient(member);
    String key = "product/" + shop.product(1);
    String other = "product/" + shop.product(2);
    try (Services services =
        start(
            config(
                PRODUCT,
                "product:\n    mode: plain\n    ttl: 10m\n    deleteAgainAfter: 1s\n    stores"))) {
      eventually(() -> assertThat(services.health().ready().fine()).isTrue());
      IMap<String, Object> entries = hazelcast.getMap(shop.name + ".entries");
      awaitOnlyWhatChangedIsDeleted(
          services,
          "product",
          "hazelcast",
          () -> entries.set(other, "pot"),
          () -> entries.get(other));
      assertDeletedAgain(
          services, "product", "hazelcast", () -> entries.set(key, "cup"), () -> entries.get(key));
    } finally {
      hazelcast.shutdown();
    }
  }

  @Test
  void aPlainCacheIsEmptiedWhereNobodyCanTellWhatWasMissedAndByATruncate() throws Exception {
    try (Services services = start(plain("1s"))) {
      awaitDeliveries(services);
      redis.set(shop.category(10), "kitchen");
      redis.set(shop.name + ":categories", "none of the cache's");

      redis.del(metas().toArray(String[]::new));

      awaitGone(shop.category(10));
      awaitDeliveries(services);
      redis.set(shop.category(20), "garden");
      assertGoesAgain(
          () -> shop.execute("truncate category"),
          () -> redis.set(shop.category(20), "garden"),
          () -> redis.get(shop.category(20)));
      assertThat(redis.get(shop.name + ":categories")).isNotNull();
    }
  }

  @Test
  void anObservedCacheIsDerivedCountedAndAuditedAndKeepsItsEntries() throws Exception {
    HearthConfig config = config(PRODUCT, "product:\n    mode: observe\n    stores");
    try (Services services = start(config)) {
      eventually(() -> assertThat(services.health().ready().fine()).isTrue());
      redis.set(shop.product(1), "{\"id\": 1, \"name\": \"cup\", \"category_id\": 10}");

      shop.execute("update product set name = 'mug' where id = 1");

      eventually(() -> assertThat(count(services, "product", "observed")).isPositive());
      assertThat(redis.get(shop.product(1))).contains("cup");
      assertThat(published(shop.product(1))).isNotEmpty();
      Warmer warmer = services.warmer().orElseThrow();
      AuditVerdict verdict = warmer.audit("product", "redis", key -> true);
      assertThat(verdict.mode()).isEqualTo(AuditVerdict.Mode.OBSERVE);
      assertThat(verdict.stale()).isEqualTo(1);
      assertThat(verdict.breaksPromise()).isFalse();
      redis.set(shop.product(1), "{\"id\": 1, \"name\": \"mug\", \"category_id\": 10}");
      assertThat(warmer.audit("product", "redis", key -> true).stale()).isZero();
    }
  }

  private HearthConfig plain(String deleteAgainAfter) throws Exception {
    return config(
        CATEGORY,
        ":category:{id}\", mode: plain, ttl: 10m, deleteAgainAfter: " + deleteAgainAfter + " }");
  }

  private HearthConfig config(String from, String to) throws Exception {
    String yaml = shop.yaml(Files.createTempDirectory("hearth-" + shop.name));
    assertThat(yaml).contains(from);
    return ConfigLoader.parse(shop.name, yaml.replace(from, to), Map.of(), Map.of()).config();
  }

  private static Services start(HearthConfig config) {
    Services services = new Services(config, EnumSet.allOf(Role.class));
    services.start();
    return services;
  }

  /** Waits until what a first start empties is over: the store then says where to go on. */
  private void awaitDeliveries(Services services) throws Exception {
    assertThat(services.readers()).containsKey("redis");
    try (StatefulRedisConnection<byte[], byte[]> bytes = client.connect(ByteArrayCodec.INSTANCE)) {
      for (String key : metas()) {
        eventually(
            () -> {
              byte[] found = bytes.sync().get(key.getBytes(StandardCharsets.UTF_8));
              assertThat(Optional.ofNullable(found).flatMap(MetaCodec::decode).map(Meta::topicId))
                  .hasValueSatisfying(topic -> assertThat(topic).isNotEmpty());
            });
      }
    }
  }

  /** Waits until everything committed by now is applied in the partition of a key. */
  private void awaitApplied(String key) throws Exception {
    long lsn;
    try (Connection database = shop.connect();
        Statement statement = database.createStatement();
        ResultSet row = statement.executeQuery("select pg_current_wal_insert_lsn()::text")) {
      row.next();
      lsn = LogSequenceNumber.valueOf(row.getString(1)).asLong();
    }
    String meta = metas().get(KeySlot.partitionOf(key, shop.topics().invalidations().partitions()));
    try (StatefulRedisConnection<byte[], byte[]> bytes = client.connect(ByteArrayCodec.INSTANCE)) {
      eventually(
          () -> {
            byte[] found = bytes.sync().get(meta.getBytes(StandardCharsets.UTF_8));
            assertThat(Optional.ofNullable(found).flatMap(MetaCodec::decode))
                .hasValueSatisfying(
                    record -> assertThat(record.applied().lsn()).isGreaterThanOrEqualTo(lsn));
          });
    }
  }

  /**
   * A first start empties a plain cache, and once more a little later; then nothing else does. A
   * change that the second time falls on has no delete of its own, so another one is made.
   */
  private void awaitOnlyWhatChangedIsDeleted(
      Services services, String cache, String store, Runnable put, Supplier<Object> get)
      throws Exception {
    eventually(
        () -> {
          put.run();
          double before = count(services, cache, store, "deleted_again");
          shop.execute("update " + changed(cache));
          Wait.untilHolds(
              Duration.ofSeconds(5),
              () ->
                  assertThat(count(services, cache, store, "deleted_again")).isGreaterThan(before));
          assertThat(get.get()).as("nothing changed").isNotNull();
        });
  }

  /** What is written between the two deletes of a change is taken out by the second. */
  private void assertDeletedAgain(
      Services services, String cache, String store, Runnable put, Supplier<Object> get)
      throws Exception {
    double before = count(services, cache, store, "deleted_again");
    assertGoesAgain(() -> shop.execute("update " + changed(cache)), put, get);
    eventually(
        () -> assertThat(count(services, cache, store, "deleted_again")).isGreaterThan(before));
  }

  /**
   * A reader has read the row before the change, and was slow: what it writes when the change has
   * taken the value out goes too. Where this thread was too slow as well, and the second time was
   * over, it is tried again with another change.
   */
  private static void assertGoesAgain(Change change, Runnable put, Supplier<Object> get)
      throws Exception {
    eventually(
        () -> {
          put.run();
          change.make();
          Wait.untilHolds(GONE_BOUND, () -> assertThat(get.get()).isNull());

          put.run();

          Wait.untilHolds(GONE_BOUND, () -> assertThat(get.get()).isNull());
        });
  }

  @FunctionalInterface
  private interface Change {
    void make() throws Exception;
  }

  private static String changed(String cache) {
    return cache + " set name = name || '.' where id = " + (cache.equals("product") ? 1 : 10);
  }

  private List<String> metas() {
    return IntStream.range(0, shop.topics().invalidations().partitions())
        .mapToObj(partition -> shop.name + ":meta:" + partition)
        .toList();
  }

  private void awaitGone(String key) throws Exception {
    eventually(() -> assertThat(redis.get(key)).as(key).isNull());
  }

  private static double count(Services services, String cache, String outcome) {
    return count(services, cache, "redis", outcome);
  }

  private static double count(Services services, String cache, String store, String outcome) {
    return services.metrics().counter(Metric.INVALIDATIONS, cache, store, outcome).count();
  }

  private List<Invalidation> published(String key) throws Exception {
    List<Invalidation> found = new ArrayList<>();
    Topics topics = shop.topics();
    try (KafkaConsumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(
            shop.kafka(), new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      TopicPartition partition =
          new TopicPartition(
              topics.invalidations().name(),
              KeySlot.partitionOf(key, topics.invalidations().partitions()));
      consumer.assign(List.of(partition));
      consumer.seekToBeginning(List.of(partition));
      eventually(
          () -> {
            consumer
                .poll(Duration.ofMillis(100))
                .forEach(
                    record -> {
                      if (topics
                                  .invalidations()
                                  .value()
                                  .deserializer()
                                  .deserialize(record.topic(), record.value())
                              instanceof Invalidation invalidation
                          && invalidation.key().equals(key)) {
                        found.add(invalidation);
                      }
                    });
            assertThat(found).isNotEmpty();
          });
    }
    return found;
  }
}
