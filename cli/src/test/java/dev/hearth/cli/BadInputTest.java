package dev.hearth.cli;

import static dev.hearth.cli.Ran.run;
import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.sandbox.Sandbox;
import dev.hearth.sandbox.Server;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What a user reads when something is wrong: one sentence with the cure, soon, and nothing
 * half-created left behind.
 */
class BadInputTest {
  /** Below the minute that Kafka's clients wait by themselves; a slow machine takes its time. */
  private static final Duration SOON = Duration.ofSeconds(45);

  private static Sandbox servers;

  @BeforeAll
  static void startServers() throws SQLException {
    servers = Sandbox.builder().servers(Server.POSTGRES, Server.KAFKA, Server.REDIS).start();
    servers.postgres().createDatabase("shop");
    execute("create table product (id int primary key, category_id int)");
  }

  @AfterAll
  static void stopServers() {
    servers.close();
  }

  private static Path config(Path directory, String from, String to) throws Exception {
    Path file = directory.resolve("hearth.yaml");
    String yaml =
        """
        source:
          postgres: { url: "%s", user: postgres, slot: bad_input }
        kafka: { bootstrapServers: "%s", topicPrefix: bad-input }
        stores: { redis: { type: redis, uri: "%s" } }
        caches:
          product: { stores: [ redis ], key: "product:{id}" }
        rules:
          - { table: public.product, keys: [ "product:{id}" ] }
        http: { port: 0 }
        dataDirectory: "%s"
        """
            .formatted(
                servers.postgres().jdbcUrl("shop"),
                servers.kafka().bootstrapServers(),
                servers.redis().uri(),
                directory.resolve("data"));
    assertThat(yaml).contains(from);
    Files.writeString(file, yaml.replace(from, to));
    return file;
  }

  @Test
  void aWrongHostIsNamedWithTheCure(@TempDir Path directory) throws Exception {
    int port = servers.postgres().port();
    Path file = config(directory, "127.0.0.1:" + port, "127.0.0.1:1");

    Ran ran = run("run", "--config", file.toString());

    assertThat(ran.status()).isEqualTo(1);
    assertThat(ran.err())
        .startsWith(
            "source.postgres.url: jdbc:postgresql://127.0.0.1:1/shop: no PostgreSQL answers")
        .contains("check host and port")
        .hasLineCount(1);
    assertThat(ran.took()).isLessThan(SOON);
    assertNothingLeft();
  }

  @Test
  void aDatabaseThatDoesNotExistIsNamed(@TempDir Path directory) throws Exception {
    Ran ran = run("run", "--config", config(directory, "/shop", "/shopp").toString());

    assertThat(ran.status()).isEqualTo(1);
    assertThat(ran.err()).contains("there is no such database").contains("shopp").hasLineCount(1);
  }

  @Test
  void aTableThatDoesNotExistIsNamedWithTheLikelyOne(@TempDir Path directory) throws Exception {
    Ran ran =
        run("run", "--config", config(directory, "public.product", "public.prodct").toString());

    assertThat(ran.status()).isEqualTo(2);
    assertThat(ran.err())
        .contains(
            "rules[0].table: there is no table public.prodct; did you mean 'public.product'?");
    assertNothingLeft();
  }

  @Test
  void aColumnThatDoesNotExistIsNamedWithTheLikelyOne(@TempDir Path directory) throws Exception {
    Ran ran =
        run(
            "run",
            "--config",
            config(directory, "keys: [ \"product:{id}\" ]", "keys: [ \"product:{idd}\" ]")
                .toString());

    assertThat(ran.status()).isEqualTo(2);
    assertThat(ran.err())
        .contains(
            "rules[0].keys[0]: \"product:{idd}\" names no column of public.product (id,"
                + " category_id); did you mean 'id'?");
    assertNothingLeft();
  }

  @Test
  void aBrokerThatIsAwayIsNamedWithTheCure(@TempDir Path directory) throws Exception {
    String file = config(directory, servers.kafka().bootstrapServers(), "127.0.0.1:1").toString();

    // At the same time: each waits ten seconds for the broker.
    CompletableFuture<Ran> services = inBackground("run", "--config", file);
    CompletableFuture<Ran> letters = inBackground("dlq", "list", "--config", file);
    CompletableFuture<Ran> plan = inBackground("plan", "--for", "1s", "--config", file);

    assertFailed(services, "no broker answers at 127.0.0.1:1 within 10 s");
    assertThat(services.get().took()).isLessThan(SOON);
    assertFailed(letters, "127.0.0.1:1 does not answer or refuses");
    assertFailed(plan, "127.0.0.1:1 does not answer within 10 s");
    assertNothingLeft();
  }

  private static CompletableFuture<Ran> inBackground(String... arguments) {
    return CompletableFuture.supplyAsync(() -> run(arguments));
  }

  private static void assertFailed(CompletableFuture<Ran> ran, String problem) throws Exception {
    assertThat(ran.get(5, TimeUnit.MINUTES).status()).isEqualTo(1);
    assertThat(ran.get().err()).startsWith("kafka.bootstrapServers: " + problem).hasLineCount(1);
  }

  @Test
  void aPortInUseIsNamedWithTheCure(@TempDir Path directory) throws Exception {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Ran ran =
          run(
              "run",
              "--config",
              config(directory, "port: 0", "port: " + taken.getLocalPort()).toString());

      assertThat(ran.status()).isEqualTo(2);
      assertThat(ran.err())
          .isEqualTo(
              "http.port: "
                  + taken.getLocalPort()
                  + " is in use; stop what listens there or choose another"
                  + System.lineSeparator());
      assertNothingLeft();
    }
  }

  @Test
  void fiveMistakesAreFiveProblems(@TempDir Path directory) throws Exception {
    Path file = directory.resolve("hearth.yaml");
    Files.writeString(
        file,
        """
        source: { postgres: { url: "%s", user: postgres } }
        kafka: { bootstrapServers: "localhost:9092", topicPrefx: shop }
        stores: { redis: { type: redis, uri: "redis://localhost" } }
        caches:
          product: { stores: [ rediss ], key: "product:{id}", ttl: 1hour }
        rules:
          - { table: product, keys: [ "product:{id}" ] }
          - { table: public.product }
        """
            .formatted(servers.postgres().jdbcUrl("shop")));

    Ran ran = run("validate", "--config", file.toString());

    assertThat(ran.status()).isEqualTo(2);
    assertThat(ran.err().lines())
        .hasSize(6)
        .anyMatch(line -> line.startsWith("kafka.topicPrefx: ") && line.contains("'topicPrefix'"))
        .anyMatch(line -> line.startsWith("caches.product.stores[0]: ") && line.contains("'redis'"))
        .anyMatch(line -> line.startsWith("caches.product.ttl: ") && line.contains("1hour"))
        .anyMatch(line -> line.startsWith("rules[0].table: "))
        .anyMatch(line -> line.startsWith("rules[1].keys: "))
        .endsWith("5 problems; nothing was started.");
  }

  @Test
  void mistakesOfRulesAndOfTheSchemaComeTogether(@TempDir Path directory) throws Exception {
    Ran ran =
        run(
            "validate",
            "--config",
            config(
                    directory,
                    "keys: [ \"product:{id}\" ] }\nhttp",
                    "keys: [ \"produce:{id}\", \"product:{idd}\" ] }\nhttp")
                .toString());

    assertThat(ran.status()).isEqualTo(2);
    assertThat(ran.err())
        .contains(
            "rules[0].keys[0]: \"produce:{id}\" is the key of no cache; did you mean the like of \"product:{id}\"?")
        .contains("rules[0].keys[1]: \"product:{idd}\" names no column")
        .contains("2 problems; nothing was started.");
  }

  @Test
  void aConfigurationThatIsFineSaysSo(@TempDir Path directory) throws Exception {
    Ran ran = run("validate", "--config", config(directory, "port: 0", "port: 0").toString());

    assertThat(ran.err()).isEmpty();
    assertThat(ran.status()).isZero();
    assertThat(ran.out()).contains("is fine: 1 cache, 1 rule, 1 store.");
    assertNothingLeft();
  }

  @Test
  void everyKindOfMistakeIsNamedAtOnce(@TempDir Path directory) throws Exception {
    Path file =
        config(
            directory,
            """
            caches:
              product: { stores: [ redis ], key: "product:{id}" }
            rules:
              - { table: public.product, keys: [ "product:{id}" ] }
            """,
            """
            caches:
              product:
                stores: [ redis ]
                key: "product:{id}"
                load: select category_id, id from product where id = any(:id)
              page: { stores: [ redis ], key: "page:{id}", load: "select idd from product where id = any(:id)" }
              shelf: { stores: [ redis ], key: "shelf:{id}", load: "select id from product where id = :id" }
            rules:
              - { table: public.product, when: before.category_id = after.category_id, keys: [ "product:{id}" ] }
              - { table: public.product, when: after.category_id == 'x', keys: [ "produkt:{id}" ] }
              - { table: public.product, columns: [ categoryid ], keys: [ "page:{id}" ] }
            """);

    Ran ran = run("validate", "--config", file.toString());

    assertThat(ran.status()).isEqualTo(2);
    assertThat(ran.err().lines())
        .containsExactly(
            "caches.page.load: load failed: column \"idd\" does not exist (SQLSTATE 42703); try it"
                + " with psql",
            "caches.product.load: column 1 of load is \"category_id\"; expected the key column"
                + " \"id\": select the key columns first, in the order of the key product:{id}",
            "caches.shelf.load: load takes :id as one int4; many keys are read at once, so write it"
                + " as an array: id = any(:id)",
            "rules[0].when: \"before.category_id = after.category_id\": it cannot be read at"
                + " character 20; write ==; expected a condition such as before.amount !="
                + " after.amount",
            "rules[1].keys[0]: \"produkt:{id}\" is the key of no cache; did you mean the like of"
                + " \"product:{id}\"?",
            "rules[1].when: \"after.category_id == 'x'\": after.category_id is compared as text, and"
                + " public.product.category_id is integer; compare it with a number, such as"
                + " after.category_id == 10",
            "rules[2].columns[0]: \"categoryid\" names no column of public.product (id,"
                + " category_id); did you mean 'category_id'?",
            "7 problems; nothing was started.");
    assertNothingLeft();
  }

  @Test
  void whatWorksOtherwiseThanOneMayThinkIsAWarning(@TempDir Path directory) throws Exception {
    Path file =
        config(
            directory,
            """
              product: { stores: [ redis ], key: "product:{id}" }
            rules:
            """,
            """
              product: { stores: [ redis ], key: "product:{id}" }
              category: { stores: [ redis ], key: "category:{id}" }
              page: { stores: [ redis ], key: "page:{id}" }
            rules:
              - { table: public.product, keys: [ "category:{category_id}" ] }
            """);

    Ran ran = run("validate", "--config", file.toString());

    assertThat(ran.err()).isEmpty();
    assertThat(ran.status()).isZero();
    assertThat(ran.out().lines())
        .containsExactly(
            "warning: caches.page: no rule touches it, so that only its time to live ends an entry;"
                + " write a rule with a key such as \"page:{id}\"",
            "warning: rules[0].keys[0]: public.product.category_id can be NULL, and NULL names no"
                + " key: such a row touches none here",
            "warning: rules[0].table: the log has no old value of category_id of public.product:"
                + " Hearth keeps it for each row, on disk, and reads all rows once; until it knows a"
                + " row, an update or delete of it voids the caches whose keys are made of"
                + " category_id; to have it in the log instead run ALTER TABLE public.product"
                + " REPLICA IDENTITY FULL",
            file + " is fine: 3 caches, 2 rules, 1 store; 3 warnings.");
  }

  @Test
  void warmingWithoutAServiceSaysWhatToStart() {
    Ran ran = run("warm", "--url", "http://127.0.0.1:1", "--cache", "product");

    assertThat(ran.status()).isEqualTo(1);
    assertThat(ran.err()).contains("No service answers at http://127.0.0.1:1").hasLineCount(1);
  }

  @Test
  void aDoctorWithoutAConfigurationSaysWhichOneIsMissing(@TempDir Path directory) {
    Ran missing = run("doctor", "--config", directory.resolve("none.yaml").toString());
    Ran unclear = run("doctor", "--within", "soon");

    assertThat(missing.status()).isEqualTo(2);
    assertThat(missing.err()).contains("none.yaml").contains("1 problem; nothing was started.");
    assertThat(unclear.status()).isEqualTo(2);
    assertThat(unclear.err()).contains("\"soon\" is not a duration");
  }

  @Test
  void replayingWithoutAServiceSaysWhatToStart() {
    Ran ran = run("replay", "--url", "http://127.0.0.1:1", "--from", "2h");

    assertThat(ran.status()).isEqualTo(1);
    assertThat(ran.err()).contains("No service answers at http://127.0.0.1:1").hasLineCount(1);
  }

  @Test
  void anUnknownOptionIsAUsageError() {
    assertThat(run("demo", "--fro", "30s").status()).isEqualTo(2);
    assertThat(run("demo", "--for", "soon").err())
        .contains("\"soon\" is not a duration; expected a number with a unit such as 30s, 5m, 1h");
  }

  @Test
  void everyCommandTellsItsVersion() {
    assertThat(run("--version").out()).startsWith("hearth ");
    assertThat(run("demo", "--version").out()).isEqualTo(run("--version").out());
    assertThat(run("dlq", "list", "--version").out()).isEqualTo(run("--version").out());
  }

  @Test
  void choicesAreNamedAsTheyAreWritten() {
    assertThat(run("demo", "--help").out()).contains("How to print it: table, json, yaml;");
    assertThat(run("run", "--help").out()).contains("ingest, invalidate, warm;");
  }

  @Test
  void everythingThatIsWrongWithADemoIsSaidAtOnce() {
    Ran ran = run("demo", "--for", "0s", "--reads", "-1", "--writes", "100001", "--port", "65536");

    assertThat(ran.status()).isEqualTo(2);
    assertThat(ran.err())
        .contains(
            "--for is 0 ms; expected 1s or more",
            "--reads is -1; expected 0 to 100000 per second",
            "--writes is 100001; expected 0 to 100000 per second",
            "--port is 65536; expected 0 (a free one) to 65535");
  }

  /** Neither slot nor publication nor topic. */
  private static void assertNothingLeft() throws Exception {
    try (Connection connection = connect();
        Statement statement = connection.createStatement();
        ResultSet row =
            statement.executeQuery(
                "select (select count(*) from pg_replication_slots),"
                    + " (select count(*) from pg_publication)")) {
      row.next();
      assertThat(row.getInt(1)).as("slots").isZero();
      assertThat(row.getInt(2)).as("publications").isZero();
    }
    try (Admin admin =
        Admin.create(java.util.Map.of("bootstrap.servers", servers.kafka().bootstrapServers()))) {
      assertThat(admin.listTopics().names().get())
          .noneMatch(topic -> topic.startsWith("bad-input"));
    }
  }

  private static void execute(String sql) throws SQLException {
    try (Connection connection = connect();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private static Connection connect() throws SQLException {
    return DriverManager.getConnection(servers.postgres().jdbcUrl("shop"), "postgres", "");
  }
}
