package dev.hearth.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.chassis.config.ConfigLoader;
import dev.hearth.chassis.config.HearthConfig;
import dev.hearth.sandbox.Sandbox;
import dev.hearth.sandbox.Server;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs that an operator holds, through a restart of the services. */
class PauseCommandTest {
  private static final Duration BOUND = Duration.ofSeconds(60);

  private static Sandbox servers;
  private static HearthConfig config;
  private static Services services;

  @BeforeAll
  static void start(@TempDir Path directory) throws Exception {
    servers = Sandbox.builder().servers(Server.POSTGRES, Server.KAFKA, Server.REDIS).start();
    servers.postgres().createDatabase("held");
    try (Connection connection =
            DriverManager.getConnection(
                servers.postgres().jdbcUrl("held"),
                servers.postgres().user(),
                servers.postgres().password());
        Statement statement = connection.createStatement()) {
      statement.execute("create table product (id int primary key, name text)");
    }
    Path file = directory.resolve("hearth.yaml");
    Files.writeString(
        file,
        """
        source:
          postgres: { url: "%s", user: "%s", password: "%s", slot: held }
        kafka: { bootstrapServers: "%s", topicPrefix: held }
        stores: { redis: { type: redis, uri: "%s" } }
        caches:
          product:
            stores: [ redis ]
            key: "product:{id}"
            load: "select id, name from product where id = any(:id)"
        rules:
          - { table: public.product, keys: [ "product:{id}" ] }
        http: { port: 0 }
        dataDirectory: "%s"
        """
            .formatted(
                servers.postgres().jdbcUrl("held"),
                servers.postgres().user(),
                servers.postgres().password(),
                servers.kafka().bootstrapServers(),
                servers.redis().uri(),
                directory.resolve("data")));
    config = ConfigLoader.load(file, Map.of(), Map.of()).config();
    services = started();
  }

  @AfterAll
  static void stop() {
    services.close();
    servers.close();
  }

  @Test
  void holdsRunsThroughARestartUntilTheyAreResumed() throws Exception {
    Ran paused = run("pause", "--cache", "product", "--reason", "the database is slow");

    assertThat(paused.err()).isEmpty();
    assertThat(paused.status()).isZero();
    assertThat(paused.out())
        .startsWith("Warm-up runs of cache product are paused since ")
        .endsWith(": the database is slow\n");
    String id =
        new ServiceClient(services.uri(), null)
            .post("/v1/warmups", Map.of("cache", "product", "top", 10))
            .path("id")
            .asText();

    services.close();
    services = started();

    assertThat(run("status").out())
        .containsPattern("ok +warm-ups +cache product paused since .* \\(the database is slow\\)");
    assertThat(state(id)).isEqualTo("queued");

    Ran resumed = run("resume", "-o", "yaml");

    assertThat(resumed.status()).isZero();
    assertThat(resumed.out()).contains("pauses: []");
    awaitState(id, "done");
    assertThat(run("status").out()).containsPattern("ok +warm-ups +none is paused");
  }

  @Test
  void namesWhatIsWrongWithTheQuestion() {
    assertThat(run("pause", "--cache", "prodct").status()).isEqualTo(2);
    assertThat(run("pause", "--cache", "prodct").err())
        .contains("cache: \"prodct\" is not known; expected one of product");
    assertThat(run("resume", "--cache", "prodct").status()).isEqualTo(2);
    assertThat(run("resume", "--cache", "prodct").err()).contains("There is no cache \"prodct\".");
    assertThat(Ran.run("pause", "--url", "http://127.0.0.1:1").status()).isEqualTo(1);
    assertThat(Ran.run("resume", "--url", "http://127.0.0.1:1").err())
        .contains("No service answers at http://127.0.0.1:1");
  }

  private static Services started() {
    Services started = new Services(config, EnumSet.allOf(Role.class));
    started.start();
    long deadline = System.nanoTime() + BOUND.toNanos();
    while (!started.health().ready().fine()) {
      assertThat(System.nanoTime()).as("%s", started.health().ready()).isLessThan(deadline);
      LockSupport.parkNanos(Duration.ofMillis(20).toNanos());
    }
    return started;
  }

  private static String state(String id) throws Exception {
    return new ServiceClient(services.uri(), null).get("/v1/warmups/" + id).path("state").asText();
  }

  private static void awaitState(String id, String wanted) throws Exception {
    long deadline = System.nanoTime() + BOUND.toNanos();
    while (!state(id).equals(wanted)) {
      assertThat(System.nanoTime()).as("run %s is %s", id, wanted).isLessThan(deadline);
      LockSupport.parkNanos(Duration.ofMillis(20).toNanos());
    }
  }

  private static Ran run(String command, String... further) {
    List<String> arguments = new ArrayList<>(List.of(command));
    arguments.addAll(List.of("--url", services.uri().toString()));
    arguments.addAll(List.of(further));
    return Ran.run(arguments.toArray(String[]::new));
  }
}
