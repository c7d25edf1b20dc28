package dev.hearth.cli;

import static dev.hearth.cli.Installation.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.chassis.metrics.Metrics;
import dev.hearth.sandbox.Server;
import dev.hearth.store.CacheKey;
import dev.hearth.store.FencedStore;
import dev.hearth.store.FillOutcome;
import dev.hearth.store.ReadOutcome;
import dev.hearth.store.Value;
import io.lettuce.core.RedisClient;
import io.lettuce.core.api.StatefulRedisConnection;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionException;
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
  private static final String NEIGHBOUR = "tear-neighbour.changes";

  private static Installation installation;
  private static Path file;

  @BeforeAll
  static void use(@TempDir Path directory) throws Exception {
    installation = new Installation("tear", directory, Server.values());
    installation.execute("create table product (id int primary key)");
    file =
        installation.file(
            installation.yamlWithHazelcast(
                """
                caches:
                  product: { stores: [ redis, hazelcast ], key: "tear:product:{id}" }
                  shelf: { stores: [ redis, hazelcast ], key: "tear:shelf:{id}", mode: tag }
                rules:
                  - { table: public.product, keys: [ "tear:product:{id}" ] }
                """));
    try (Admin admin = installation.admin()) {
      admin.createTopics(List.of(new NewTopic(NEIGHBOUR, 1, (short) 1))).all().get();
    }
    redis(connection -> connection.sync().set("tear:products", "the application's own"));
  }

  @AfterAll
  static void stop() {
    installation.close();
  }

  @Test
  @Order(1)
  void refusesWhileTheServicesRun() throws Exception {
    try (Services services = installation.startReady(file, EnumSet.allOf(Role.class))) {
      for (FencedStore store : services.readers().values()) {
        for (int id = 0; id < 20; id++) {
          fill(store, new CacheKey("product", "tear:product:" + id));
        }
        fill(store, new CacheKey("shelf", "tear:shelf:1"));
      }

      awaitStreams(1);

      Ran ran = run("--yes");

      assertThat(ran.status()).isEqualTo(1);
      assertThat(ran.err())
          .matches(
              "(?s)source\\.postgres\\.slot: slot \"tear\" is in use by backend \\d+; stop"
                  + " the services of this installation, then tear it down\\s*");
    }
    // The server notices a moment later that a stream has ended.
    awaitStreams(0);
    assertThat(slots()).containsExactly("tear");
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
            "replication slot tear",
            "publication tear",
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
    assertThat(slots()).containsExactly("tear");
  }

  @Test
  @Order(3)
  void removesNothingWithoutAYes() throws Exception {
    Ran ran = run(question -> Optional.of("y"));

    assertThat(ran.status()).isEqualTo(1);
    assertThat(ran.out()).endsWith("Nothing was removed." + System.lineSeparator());
    assertThat(slots()).containsExactly("tear");
  }

  @Test
  @Order(4)
  void removesEverythingAlsoWherePartsAreGoneAlready() throws Exception {
    installation.execute("drop publication tear");
    try (Admin admin = installation.admin()) {
      admin.deleteTopics(List.of("tear.audits")).all().get();
    }

    Ran ran = run(question -> Optional.of("yes"));

    assertThat(ran.err()).isEmpty();
    assertThat(ran.status()).isZero();
    assertThat(slots()).isEmpty();
    try (Admin admin = installation.admin()) {
      // The broker that is asked learns of it a moment after the controller.
      eventually(
          () ->
              assertThat(admin.listTopics(new ListTopicsOptions().listInternal(true)).names().get())
                  .filteredOn(name -> name.startsWith("tear"))
                  .containsExactly(NEIGHBOUR));
      assertThat(admin.listGroups().all().get())
          .noneMatch(group -> group.groupId().startsWith("tear"));
    }
    List<String> keys = new ArrayList<>();
    redis(connection -> keys.addAll(connection.sync().keys("*")));
    assertThat(keys).containsExactly("tear:products");
    try (Metrics metrics = new Metrics("test");
        Stores stores = new Stores(Installation.load(file), installation.topics(), metrics)) {
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

  /** A fill may be refused at any time, and is then made again. */
  private static void fill(FencedStore store, CacheKey key) throws Exception {
    Value value = Value.of("{}".getBytes(StandardCharsets.UTF_8));
    eventually(
        () -> {
          try {
            ReadOutcome outcome = store.get(key).toCompletableFuture().join();
            assertThat(outcome).isInstanceOf(ReadOutcome.Granted.class);
            assertThat(
                    store
                        .fill(
                            key,
                            ((ReadOutcome.Granted) outcome).lease(),
                            value,
                            Duration.ofHours(1))
                        .toCompletableFuture()
                        .join())
                .isEqualTo(FillOutcome.STORED);
          } catch (CompletionException e) {
            throw new AssertionError("the store does not answer", e);
          }
        });
  }

  private static void awaitStreams(int count) throws Exception {
    eventually(
        () ->
            assertThat(installation.one("select count(*) from pg_replication_slots where active"))
                .isEqualTo(Integer.toString(count)));
  }

  private static List<String> slots() throws SQLException {
    String names =
        installation.one(
            "select coalesce(string_agg(slot_name, ' '), '') from pg_replication_slots");
    return names.isEmpty() ? List.of() : List.of(names.split(" "));
  }

  private static void redis(
      java.util.function.Consumer<StatefulRedisConnection<String, String>> use) {
    RedisClient client = RedisClient.create(installation.servers().redis().uri());
    try (StatefulRedisConnection<String, String> connection = client.connect()) {
      use.accept(connection);
    } finally {
      client.shutdown(Duration.ZERO, Duration.ofSeconds(2));
    }
  }
}
