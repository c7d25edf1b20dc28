package dev.hearth.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.chassis.config.ConfigLoader;
import dev.hearth.chassis.config.HearthConfig;
import dev.hearth.chassis.kafka.KafkaTopics;
import dev.hearth.chassis.metrics.Metrics;
import dev.hearth.sandbox.Sandbox;
import dev.hearth.schemas.topic.Topics;
import dev.hearth.store.CacheKey;
import dev.hearth.store.FencedStore;
import dev.hearth.store.ReadOutcome;
import dev.hearth.store.Value;
import io.lettuce.core.RedisClient;
import io.lettuce.core.api.StatefulRedisConnection;
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
import java.util.function.Function;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListTopicsOptions;
import org.apache.kafka.clients.admin.NewTopic;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** One installation on real servers, from its use to its end. */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class TeardownCommandTest {
  private static final Duration BOUND = Duration.ofSeconds(60);
  private static final String NEIGHBOUR = "tear-neighbour.changes";

  private static Sandbox servers;
  private static Path file;
  private static HearthConfig config;

  @BeforeAll
  static void use(@TempDir Path directory) throws Exception {
    servers = Sandbox.builder().start();
    servers.postgres().createDatabase("teardown");
    execute("create table product (id int primary key)");
    file = directory.resolve("hearth.yaml");
    Files.writeString(
        file,
        """
        source:
          postgres: { url: "%s", user: "%s", password: "%s", slot: tear_down }
        kafka: { bootstrapServers: "%s", topicPrefix: tear }
        stores:
          redis: { type: redis, uri: "%s" }
          hazelcast: { type: hazelcast, members: [ "%s" ], clusterName: "%s" }
        caches:
          product: { stores: [ redis, hazelcast ], key: "tear:product:{id}" }
          shelf: { stores: [ redis, hazelcast ], key: "tear:shelf:{id}", mode: tag }
        rules:
          - { table: public.product, keys: [ "tear:product:{id}" ] }
        http: { port: 0 }
        dataDirectory: "%s"
        """
            .formatted(
                servers.postgres().jdbcUrl("teardown"),
                servers.postgres().user(),
                servers.postgres().password(),
                servers.kafka().bootstrapServers(),
                servers.redis().uri(),
                servers.hazelcast().address(),
                servers.hazelcast().clusterName(),
                directory.resolve("data")));
    config = ConfigLoader.load(file, Map.of(), Map.of()).config();
    try (Admin admin = admin()) {
      admin.createTopics(List.of(new NewTopic(NEIGHBOUR, 1, (short) 1))).all().get();
    }
    redis(connection -> connection.sync().set("tear:products", "the application's own"));
  }

  @AfterAll
  static void stop() {
    servers.close();
  }

  @Test
  @Order(1)
  void refusesWhileTheServicesRun() throws Exception {
    try (Services services = new Services(config, EnumSet.allOf(Role.class))) {
      services.start();
      for (FencedStore store : services.readers().values()) {
        for (int id = 0; id < 20; id++) {
          fill(store, new CacheKey("product", "tear:product:" + id));
        }
        fill(store, new CacheKey("shelf", "tear:shelf:1"));
      }

      Ran ran = run("--yes");

      assertThat(ran.status()).isEqualTo(1);
      assertThat(ran.err())
          .matches(
              "(?s)source\\.postgres\\.slot: slot \"tear_down\" is in use by backend \\d+; stop"
                  + " the services of this installation, then tear it down\\s*");
    }
    awaitEnd();
    assertThat(slots()).containsExactly("tear_down");
  }

  @Test
  @Order(2)
  void listsWhatThereIsAndRemovesNothingWhereNobodyCanBeAsked() throws Exception {
    Ran ran = run();

    assertThat(ran.status()).isEqualTo(2);
    assertThat(ran.err())
        .startsWith("teardown asks before it removes anything, and there is no terminal to ask on;")
        .contains("--yes");
    assertThat(ran.out().lines().map(String::strip))
        .contains(
            "replication slot tear_down",
            "publication tear_down",
            "topic tear.changes",
            "topic tear.dead-letters",
            "topic tear-invalidator-caches-changelog",
            "topic tear-heat-by-cache-repartition",
            "consumer group tear-invalidator",
            "consumer group tear-delivery-hazelcast",
            "store redis: positions of 4 partitions",
            "store redis: 20 keys of cache product, tear:product:{id}",
            "store redis: 1 keys of cache shelf, tear:shelf:{id}",
            "store hazelcast: positions of 4 partitions",
            "store hazelcast: 20 keys of cache product, tear:product:{id}")
        .noneMatch(line -> line.contains("neighbour"));
    assertThat(slots()).containsExactly("tear_down");
  }

  @Test
  @Order(3)
  void removesNothingWithoutAYes() throws Exception {
    Ran ran = run(question -> Optional.of("y"));

    assertThat(ran.status()).isEqualTo(1);
    assertThat(ran.out()).endsWith("Nothing was removed." + System.lineSeparator());
    assertThat(slots()).containsExactly("tear_down");
  }

  @Test
  @Order(4)
  void removesEverythingAlsoWherePartsAreGoneAlready() throws Exception {
    execute("drop publication tear_down");
    try (Admin admin = admin()) {
      admin.deleteTopics(List.of("tear.audits")).all().get();
    }

    Ran ran = run(question -> Optional.of("yes"));

    assertThat(ran.err()).isEmpty();
    assertThat(ran.status()).isZero();
    assertThat(slots()).isEmpty();
    try (Admin admin = admin()) {
      assertThat(admin.listTopics(new ListTopicsOptions().listInternal(true)).names().get())
          .filteredOn(name -> name.startsWith("tear"))
          .containsExactly(NEIGHBOUR);
      assertThat(admin.listGroups().all().get())
          .noneMatch(group -> group.groupId().startsWith("tear"));
    }
    List<String> keys = new ArrayList<>();
    redis(connection -> keys.addAll(connection.sync().keys("*")));
    assertThat(keys).containsExactly("tear:products");
    try (Metrics metrics = new Metrics("test");
        Stores stores = new Stores(config, new Topics("tear"), metrics)) {
      FencedStore hazelcast = Optional.ofNullable(stores.readers().get("hazelcast")).orElseThrow();
      assertThat(hazelcast.keys("product", "")).isEmpty();
    }
  }

  @Test
  @Order(5)
  void saysSoWhereNothingIsLeft() throws Exception {
    Ran ran = run("--yes");

    assertThat(ran.err()).isEmpty();
    assertThat(ran.status()).isZero();
    assertThat(ran.out()).startsWith("Nothing of installation tear is there.");
  }

  private static Ran run(String... arguments) {
    return run(Hearth.commandLine(), "teardown", arguments);
  }

  private static Ran run(Function<String, Optional<String>> terminal) {
    return run(new CommandLine(new TeardownCommand(terminal)), "");
  }

  private static Ran run(CommandLine command, String name, String... arguments) {
    List<String> all = new ArrayList<>(List.of(arguments));
    all.addAll(List.of("--config", file.toString()));
    if (!name.isEmpty()) {
      all.add(0, name);
    }
    return Ran.run(command, all.toArray(String[]::new));
  }

  private static void fill(FencedStore store, CacheKey key) throws Exception {
    long deadline = System.nanoTime() + BOUND.toNanos();
    while (true) {
      ReadOutcome outcome = store.get(key).toCompletableFuture().get(10, TimeUnit.SECONDS);
      if (outcome instanceof ReadOutcome.Granted granted) {
        store
            .fill(
                key,
                granted.lease(),
                Value.of("{}".getBytes(StandardCharsets.UTF_8)),
                Duration.ofHours(1))
            .toCompletableFuture()
            .get(10, TimeUnit.SECONDS);
        return;
      }
      assertThat(System.nanoTime()).as("a lease: %s", outcome).isLessThan(deadline);
      LockSupport.parkNanos(Duration.ofMillis(10).toNanos());
    }
  }

  /** The server notices a moment later that a stream has ended. */
  private static void awaitEnd() throws SQLException {
    long deadline = System.nanoTime() + BOUND.toNanos();
    while (count("select count(*) from pg_replication_slots where active") > 0) {
      assertThat(System.nanoTime()).as("the slot is let go").isLessThan(deadline);
      LockSupport.parkNanos(Duration.ofMillis(10).toNanos());
    }
  }

  private static List<String> slots() throws SQLException {
    List<String> names = new ArrayList<>();
    try (Connection connection = connect();
        Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery("select slot_name from pg_replication_slots")) {
      while (rows.next()) {
        names.add(rows.getString(1));
      }
    }
    return names;
  }

  private static long count(String sql) throws SQLException {
    try (Connection connection = connect();
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(sql)) {
      row.next();
      return row.getLong(1);
    }
  }

  private static void execute(String sql) throws SQLException {
    try (Connection connection = connect();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private static Connection connect() throws SQLException {
    return DriverManager.getConnection(
        servers.postgres().jdbcUrl("teardown"),
        servers.postgres().user(),
        servers.postgres().password());
  }

  private static Admin admin() {
    return Admin.create(KafkaTopics.clientProperties(servers.kafka().bootstrapServers(), Map.of()));
  }

  private static void redis(
      java.util.function.Consumer<StatefulRedisConnection<String, String>> use) {
    RedisClient client = RedisClient.create(servers.redis().uri());
    try (StatefulRedisConnection<String, String> connection = client.connect()) {
      use.accept(connection);
    } finally {
      client.shutdown(Duration.ZERO, Duration.ofSeconds(2));
    }
  }
}
