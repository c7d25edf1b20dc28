package dev.hearth.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.hearth.chassis.config.ConfigLoader;
import dev.hearth.chassis.config.HearthConfig;
import dev.hearth.chassis.kafka.KafkaTopics;
import dev.hearth.ingest.publish.PublishedHistory;
import dev.hearth.sandbox.Sandbox;
import dev.hearth.sandbox.Server;
import dev.hearth.schemas.position.Position;
import dev.hearth.schemas.topic.Topics;
import dev.hearth.store.CacheKey;
import dev.hearth.store.FencedStore;
import dev.hearth.store.ReadOutcome;
import dev.hearth.store.Value;
import io.lettuce.core.RedisClient;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.codec.ByteArrayCodec;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/** Somebody puts an old entry back into the store; the log takes it out again. */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class ReplayCommandTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration BOUND = Duration.ofSeconds(60);
  private static final Topics TOPICS = new Topics("again");

  private static Sandbox servers;
  private static Services services;
  private static FencedStore store;
  private static RedisClient client;
  private static StatefulRedisConnection<byte[], byte[]> redis;

  @BeforeAll
  static void start(@TempDir Path directory) throws Exception {
    servers = Sandbox.builder().servers(Server.POSTGRES, Server.KAFKA, Server.REDIS).start();
    servers.postgres().createDatabase("again");
    execute("create table product (id int primary key, name text)");
    execute("insert into product values (1, 'cup'), (2, 'pot'), (3, 'pan')");
    Path file = directory.resolve("hearth.yaml");
    Files.writeString(
        file,
        """
        source:
          postgres: { url: "%s", user: "%s", password: "%s", slot: again }
        kafka: { bootstrapServers: "%s", topicPrefix: again }
        stores: { redis: { type: redis, uri: "%s" } }
        caches:
          product: { stores: [ redis ], key: "product:{id}" }
        rules:
          - { table: public.product, keys: [ "product:{id}" ] }
        http: { port: 0 }
        dataDirectory: "%s"
        """
            .formatted(
                servers.postgres().jdbcUrl("again"),
                servers.postgres().user(),
                servers.postgres().password(),
                servers.kafka().bootstrapServers(),
                servers.redis().uri(),
                directory.resolve("data")));
    HearthConfig config = ConfigLoader.load(file, Map.of(), Map.of()).config();
    services = new Services(config, EnumSet.of(Role.INGEST, Role.INVALIDATE));
    services.start();
    store = Optional.ofNullable(services.readers().get("redis")).orElseThrow();
    client = RedisClient.create(servers.redis().uri());
    redis = client.connect(ByteArrayCodec.INSTANCE);
    eventually("an entry", () -> fills(1));
  }

  @AfterAll
  static void stop() {
    redis.close();
    client.shutdown(Duration.ZERO, Duration.ofSeconds(2));
    services.close();
    servers.close();
  }

  @Test
  @Order(1)
  void takesOutWhatAnInvalidationOfThatTimeIsAbout() throws Exception {
    restoreAfterAnUpdate(1);

    Ran ran = replay("--from", "10m", "--wait");

    assertThat(ran.err()).isEmpty();
    assertThat(ran.status()).isZero();
    assertThat(ran.out()).contains("done").doesNotContain("running");
    assertThat(isHit(1)).isFalse();
    eventually("it is filled again", () -> fills(1));
  }

  @Test
  @Order(2)
  void appliesNothingThatWasCommittedBeforeThePosition() throws Exception {
    restoreAfterAnUpdate(2);
    // The watermark may be behind what was taken out, for that is published first.
    long written = insertLsn();
    eventually("a later position", () -> published().lsn() > written);
    String later = published().toString();
    restoreAfterAnUpdate(3);

    Ran ran = replay("--from", later, "--wait", "-o", "json");

    assertThat(ran.status()).isZero();
    assertThat(isHit(3)).as("later than the position").isFalse();
    assertThat(isHit(2)).as("before the position").isTrue();
    for (JsonNode partition : JSON.readTree(ran.out()).path("redis")) {
      assertThat(partition.path("state").asText()).isEqualTo("done");
      assertThat(partition.path("at").asLong())
          .isGreaterThanOrEqualTo(partition.path("to").asLong());
    }
  }

  @Test
  @Order(3)
  void goesOnWhenTheStoreIsAwayMeanwhile() throws Exception {
    eventually("it is filled again", () -> fills(1));
    restoreAfterAnUpdate(1);
    servers.redis().pause();
    Ran ran;
    try {
      ran = replay("--from", "10m", "--store", "redis");
    } finally {
      servers.redis().resume();
    }

    assertThat(ran.status()).isZero();
    eventually("the old entry is gone", () -> !isHit(1));
  }

  @Test
  @Order(4)
  void voidsOnlyWhereItIsToldToWhatTheLogDoesNotReachBackTo() throws Exception {
    eventually("it is filled again", () -> fills(1));
    deleteTheLog();

    Ran refused = replay("--from", "1h");

    assertThat(refused.status()).isEqualTo(2);
    assertThat(refused.err())
        .startsWith("The log of invalidations does not reach back so far (partitions [0, 1, 2, 3])")
        .contains("hearth replay --void");
    assertThat(isHit(1)).isTrue();

    Ran told = replay("--from", "1h", "--void", "--wait");

    assertThat(told.status()).isZero();
    assertThat(told.out()).contains("voided");
    assertThat(isHit(1)).isFalse();
    eventually("it is filled again", () -> fills(1));
  }

  @Test
  @Order(5)
  void namesWhatIsWrongWithTheQuestion() {
    assertThat(replay("--from", "yesterday").status()).isEqualTo(2);
    assertThat(replay("--from", "yesterday").err())
        .startsWith("--from: \"yesterday\" is neither a position, such as 3:16/B374D848, nor");
    assertThat(replay("--from", "1h", "--store", "rediss").status()).isEqualTo(2);
    assertThat(replay("--from", "1h", "--store", "rediss").err())
        .contains("store: is \"rediss\"; expected one of [redis]");
    assertThat(Ran.run("replay").status()).isEqualTo(2);
  }

  /**
   * Fills an entry, changes its row, and puts the old bytes back when the entry is gone; again
   * where an epoch came in between, which voids them.
   */
  private static void restoreAfterAnUpdate(int id) {
    eventually(
        "the store believes an old entry",
        () -> {
          eventually("an entry", () -> fills(id));
          byte[] old = redis.sync().get(bytes("product:" + id));
          execute("update product set name = name || '!' where id = " + id);
          eventually("it is taken out", () -> redis.sync().get(bytes("product:" + id)) == null);
          redis.sync().set(bytes("product:" + id), old);
          return isHit(id);
        });
  }

  /** Whether there is an entry now, filled if need be. */
  private static boolean fills(int id) {
    CacheKey key = new CacheKey("product", "product:" + id);
    if (ask(id) instanceof ReadOutcome.Granted granted) {
      store
          .fill(
              key,
              granted.lease(),
              Value.of("{}".getBytes(StandardCharsets.UTF_8)),
              Duration.ofHours(1))
          .toCompletableFuture()
          .join();
    }
    return isHit(id);
  }

  private static boolean isHit(int id) {
    return store
        .peek(new CacheKey("product", "product:" + id))
        .toCompletableFuture()
        .join()
        .isPresent();
  }

  private static ReadOutcome ask(int id) {
    return store.get(new CacheKey("product", "product:" + id)).toCompletableFuture().join();
  }

  private static Ran replay(String... further) {
    List<String> arguments = new ArrayList<>(List.of("replay", "--url"));
    arguments.add(services.uri().toString());
    arguments.addAll(List.of(further));
    return Ran.run(arguments.toArray(String[]::new));
  }

  private static void deleteTheLog() throws Exception {
    try (Admin admin = Admin.create(kafka())) {
      Map<TopicPartition, OffsetSpec> ends = new java.util.HashMap<>();
      for (int partition = 0; partition < TOPICS.invalidations().partitions(); partition++) {
        ends.put(new TopicPartition(TOPICS.invalidations().name(), partition), OffsetSpec.latest());
      }
      Map<TopicPartition, RecordsToDelete> before = new java.util.HashMap<>();
      admin
          .listOffsets(ends)
          .all()
          .get(30, TimeUnit.SECONDS)
          .forEach(
              (partition, end) ->
                  before.put(partition, RecordsToDelete.beforeOffset(end.offset() - 1)));
      admin.deleteRecords(before).all().get(30, TimeUnit.SECONDS);
    }
  }

  private static Position published() {
    return new PublishedHistory(TOPICS, kafka()).latestWatermark().orElseThrow().ceiling();
  }

  /** Above all that was committed so far. */
  private static long insertLsn() throws SQLException {
    try (Connection connection = connect();
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery("select pg_current_wal_insert_lsn() - '0/0'")) {
      row.next();
      return row.getLong(1);
    }
  }

  private static Map<String, Object> kafka() {
    return KafkaTopics.clientProperties(servers.kafka().bootstrapServers(), Map.of());
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static void eventually(String what, BooleanSupplier holds) {
    long deadline = System.nanoTime() + BOUND.toNanos();
    while (true) {
      try {
        if (holds.getAsBoolean()) {
          return;
        }
      } catch (java.util.concurrent.CompletionException e) {
        // The store was away; asked again.
        assertThat(e).isNotNull();
      }
      assertThat(System.nanoTime()).as(what).isLessThan(deadline);
      LockSupport.parkNanos(Duration.ofMillis(10).toNanos());
    }
  }

  private static void execute(String sql) {
    try (Connection connection = connect();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  private static Connection connect() throws SQLException {
    return DriverManager.getConnection(
        servers.postgres().jdbcUrl("again"),
        servers.postgres().user(),
        servers.postgres().password());
  }
}
