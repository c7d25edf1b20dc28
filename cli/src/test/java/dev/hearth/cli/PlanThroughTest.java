package dev.hearth.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.hearth.chassis.config.ConfigLoader;
import dev.hearth.chassis.config.HearthConfig;
import dev.hearth.chassis.kafka.KafkaTopics;
import dev.hearth.invalidator.Invalidator;
import dev.hearth.sandbox.Sandbox;
import dev.hearth.sandbox.Server;
import dev.hearth.schemas.topic.Topics;
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
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A rule through another table on recorded changes, long after the services that captured them have
 * ended, with a role that may only read.
 */
class PlanThroughTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration BOUND = Duration.ofMinutes(3);
  private static final Topics TOPICS = new Topics("plan");
  private static final String RUNNING =
      "- { table: public.category, keys: [ \"category:{id}\" ] }\n"
          + "  - { table: public.product, keys: [ \"product:{id}\" ] }";
  private static final String THROUGH =
      "- { table: public.category, through: { table: public.product, on: \"category_id = id\" },"
          + " keys: [ \"product:{product.id}\" ], limit: 4 }";

  private static Sandbox servers;
  private static Path directory;

  private static JsonNode live;

  /** All that there was when the services had ended. */
  private static Map<String, String> untouched;

  /** Groups that the services are in. */
  private static Set<String> ownGroups;

  @BeforeAll
  static void record(@TempDir Path parent) throws Exception {
    directory = parent;
    servers = Sandbox.builder().servers(Server.POSTGRES, Server.KAFKA, Server.REDIS).start();
    servers.postgres().createDatabase("plan");
    execute("create table category (id int primary key, name text)");
    execute("create table product (id int primary key, category_id int references category)");
    execute("insert into category values (1, ''), (2, ''), (3, '')");
    execute("insert into product select i, 1 from generate_series(1, 3) i");
    execute("insert into product select i, 2 from generate_series(4, 8) i");
    execute("create role reader login password 'reader'");
    execute("grant select on category, product to reader");
    execute("create role blind login password 'blind'");
    HearthConfig running =
        ConfigLoader.load(
                config(RUNNING, servers.postgres().user(), servers.postgres().password()),
                Map.of(),
                Map.of())
            .config();
    ownGroups = Invalidator.groups(running, TOPICS);
    try (Services services = new Services(running, EnumSet.of(Role.INGEST, Role.INVALIDATE))) {
      services.start();
      live = whileCategoryOneChanges();
      // In the order of the log: where the last is, all are.
      execute("update category set name = 'mugs' where id = 1");
      execute("update category set name = 'cups' where id = 2");
      execute("update category set name = 'jugs' where id = 3");
      execute("update product set category_id = 1 where id = 1");
      awaitPublished("public.product:1");
    }
    untouched = afterTheServices();
  }

  /** What they did last may arrive after they have ended. */
  private static Map<String, String> afterTheServices() throws Exception {
    long deadline = System.nanoTime() + BOUND.toNanos();
    Map<String, String> before;
    Map<String, String> now = Map.of();
    do {
      assertThat(System.nanoTime()).as("the end of all writes").isLessThan(deadline);
      before = now;
      now = everything();
    } while (!now.equals(before) || String.valueOf(now.get("slots")).endsWith(" t"));
    return now;
  }

  /** The report of a plan that has met a change as it came. */
  private static JsonNode whileCategoryOneChanges() throws Exception {
    AtomicBoolean over = new AtomicBoolean();
    CompletableFuture<Void> writer =
        CompletableFuture.runAsync(
            () -> {
              while (!over.get()) {
                try {
                  execute("update category set name = 'caps' where id = 1");
                } catch (SQLException e) {
                  throw new IllegalStateException(e);
                }
                LockSupport.parkNanos(Duration.ofMillis(50).toNanos());
              }
            });
    try {
      long deadline = System.nanoTime() + BOUND.toNanos();
      JsonNode report;
      do {
        assertThat(System.nanoTime()).as("a change as it comes").isLessThan(deadline);
        report = json(THROUGH, "reader", "--for", "1s");
      } while (rules(report).path(0).path("changes").asInt() == 0);
      return report;
    } finally {
      over.set(true);
      writer.get(30, TimeUnit.SECONDS);
    }
  }

  private static void awaitPublished(String key) {
    TopicPartition changes = new TopicPartition(TOPICS.changes().name(), 0);
    long deadline = System.nanoTime() + BOUND.toNanos();
    try (KafkaConsumer<String, byte[]> consumer =
        new KafkaConsumer<>(
            Map.of(ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, servers.kafka().bootstrapServers()),
            new StringDeserializer(),
            new ByteArrayDeserializer())) {
      consumer.assign(List.of(changes));
      consumer.seekToBeginning(List.of(changes));
      boolean published = false;
      while (!published) {
        assertThat(System.nanoTime()).as(key).isLessThan(deadline);
        for (ConsumerRecord<String, byte[]> record : consumer.poll(Duration.ofMillis(100))) {
          published |= key.equals(record.key());
        }
      }
    }
  }

  @AfterAll
  static void stop() {
    servers.close();
  }

  @Test
  void reachesTheRowsOfTheOtherTableAndTouchesNothing() throws Exception {
    Ran table =
        plan(
            config(THROUGH, "reader", "reader"),
            "--recorded",
            "1h",
            "--against",
            config(RUNNING, "reader", "reader").toString());
    JsonNode report = json(THROUGH, "reader", "--recorded", "1h");

    assertThat(everything()).isEqualTo(untouched);
    assertThat(groups()).isSubsetOf(ownGroups);
    assertThat(topics()).isSubsetOf(ownTopics());
    assertThat(table.status()).isZero();
    JsonNode category = rules(report).path(0);
    assertThat(category.path("table").asText()).isEqualTo("public.category");
    assertThat(category.path("mostKeys").asInt()).as("category 1").isEqualTo(3);
    // Each change may have been published again, by itself.
    int ofOne = category.path("keys").asInt() / 3;
    int ofTwo = category.path("aboveLimit").asInt();
    int ofThree = category.path("changes").asInt() - category.path("fired").asInt();
    assertThat(List.of(ofOne, ofTwo, ofThree)).allMatch(times -> times >= 1);
    assertThat(category.path("fired").asInt()).isEqualTo(ofOne + ofTwo);
    assertThat(category.path("meanKeys").asDouble())
        .isCloseTo(3.0 * ofOne / (ofOne + ofTwo), within(0.01));
    assertThat(category.path("notKnown").asInt()).isZero();
    JsonNode product = rules(report).path(1);
    assertThat(product.path("table").asText()).isEqualTo("public.product");
    assertThat(product.path("mostKeys").asInt()).isEqualTo(1);
    assertThat(product.path("readNow").asInt()).as("category_id").isPositive();
    assertThat(table.out())
        .contains("look-ups: rows of other tables are those of the source now")
        .contains("rules[0], changes of public.category: voids whole caches, fan-out ")
        .contains("; its limit is 4\n")
        .contains("only new: product product:2 (update of public.category, transaction ")
        .contains("only old: category category:1 (update of public.category, transaction ");
  }

  @Test
  void reachesThemOnChangesAsTheyCome() {
    JsonNode category = rules(live).path(0);

    assertThat(category.path("notKnown").asInt()).isZero();
    assertThat(category.path("mostKeys").asInt()).isEqualTo(3);
    assertThat(category.path("meanKeys").asDouble()).isEqualTo(3.0);
    assertThat(category.path("aboveLimit").asInt()).isZero();
  }

  @Test
  void saysWhyALookUpWasNotAnswered() throws Exception {
    Ran refused = plan(config(THROUGH, "blind", "blind"), "--recorded", "1h");

    assertThat(refused.status()).isZero();
    assertThat(refused.out())
        .contains("it is not known which rows of other tables they reach")
        .contains(
            "Not everything was answered: rows of public.product by category_id are not asked for"
                + " any more (ERROR: permission denied for table product)");
  }

  @Test
  void waitsForALookUpWithinABound() throws Exception {
    try (Connection connection = connection();
        Statement statement = connection.createStatement()) {
      connection.setAutoCommit(false);
      statement.execute("lock table product in access exclusive mode");

      Ran ran = plan(config(THROUGH, "reader", "reader"), "--recorded", "1h");

      assertThat(ran.status()).isZero();
      assertThat(ran.out())
          .contains(
              "are not asked for any more (ERROR: canceling statement due to statement timeout");
    }
  }

  @Test
  void withoutTheSourceTriesOnlyWhatNeedsNone() throws Exception {
    Path through = config(THROUGH, "nobody", "secret");
    Path plain = config(RUNNING, "nobody", "secret");

    Ran refused = plan(through, "--recorded", "1h");
    Ran tried = plan(plain, "--recorded", "1h");

    assertThat(refused.status()).isEqualTo(1);
    assertThat(refused.err()).contains("source.postgres.user: the server refuses user \"nobody\"");
    assertThat(tried.status()).isZero();
    assertThat(tried.out())
        .contains("Not everything was answered: source.postgres.user: the server refuses user");
  }

  @Test
  void refusesRulesThatDoNotFitTheSchema() throws Exception {
    Ran ran =
        plan(
            config(THROUGH.replace("category_id", "categry_id"), "reader", "reader"),
            "--for",
            "1s");

    assertThat(ran.status()).isEqualTo(2);
    assertThat(ran.err()).contains("did you mean 'category_id'?");
  }

  /** All that a command could leave behind, and the rows with what wrote and locked them. */
  private static Map<String, String> everything() throws Exception {
    Map<String, String> all = new TreeMap<>();
    try (Connection connection = connection()) {
      for (String table : List.of("category", "product")) {
        all.put(
            table,
            text(
                connection,
                "select t::text || ' ' || t.ctid || ' ' || t.xmin || ' ' || t.xmax from "
                    + table
                    + " t"));
      }
      all.put(
          "relations",
          text(connection, "select oid || ' ' || relname from pg_class where oid >= 16384"));
      all.put("publications", text(connection, "select pubname from pg_publication"));
      all.put(
          "slots",
          text(
              connection,
              "select slot_name || ' ' || confirmed_flush_lsn || ' ' || restart_lsn || ' ' || left(active::text, 1)"
                  + " from pg_replication_slots"));
      all.put("roles", text(connection, "select rolname from pg_roles"));
    }
    try (Admin admin = admin()) {
      Set<String> topics = topics();
      Map<TopicPartition, OffsetSpec> ends =
          admin.describeTopics(topics).allTopicNames().get(30, TimeUnit.SECONDS).values().stream()
              .flatMap(
                  topic ->
                      topic.partitions().stream()
                          .map(
                              partition -> new TopicPartition(topic.name(), partition.partition())))
              .collect(Collectors.toMap(each -> each, each -> OffsetSpec.latest()));
      all.put(
          "topics",
          new TreeMap<>(
                  admin.listOffsets(ends).all().get(30, TimeUnit.SECONDS).entrySet().stream()
                      .collect(
                          Collectors.toMap(
                              end -> end.getKey().toString(), end -> end.getValue().offset())))
              .toString());
    }
    return all;
  }

  private static Set<String> ownTopics() {
    Set<String> own = new TreeSet<>(Invalidator.ownTopics(TOPICS));
    TOPICS.all().forEach(topic -> own.add(topic.name()));
    return own;
  }

  private static Set<String> topics() throws Exception {
    try (Admin admin = admin()) {
      return new TreeSet<>(admin.listTopics().names().get(30, TimeUnit.SECONDS));
    }
  }

  private static Set<String> groups() throws Exception {
    try (Admin admin = admin()) {
      return admin.listGroups().all().get(30, TimeUnit.SECONDS).stream()
          .map(group -> group.groupId())
          .collect(Collectors.toCollection(TreeSet::new));
    }
  }

  private static Admin admin() {
    return Admin.create(KafkaTopics.clientProperties(servers.kafka().bootstrapServers(), Map.of()));
  }

  private static String text(Connection connection, String query) throws SQLException {
    List<String> rows = new ArrayList<>();
    try (Statement statement = connection.createStatement();
        ResultSet results = statement.executeQuery(query + " order by 1")) {
      while (results.next()) {
        rows.add(results.getString(1));
      }
    }
    return String.join("\n", rows);
  }

  private static JsonNode json(String rule, String user, String... span) throws Exception {
    List<String> further = new ArrayList<>(List.of(span));
    further.addAll(List.of("-o", "json"));
    Ran ran = plan(config(rule, user, user), further.toArray(String[]::new));
    assertThat(ran.status()).as(ran.err()).isZero();
    return JSON.readTree(ran.out());
  }

  private static JsonNode rules(JsonNode report) {
    return report.path("rules");
  }

  private static Ran plan(Path file, String... further) {
    List<String> arguments = new ArrayList<>(List.of("plan", "--config", file.toString()));
    arguments.addAll(List.of(further));
    return Ran.run(arguments.toArray(String[]::new));
  }

  private static Path config(String rule, String user, String password) throws Exception {
    return Files.writeString(
        Files.createTempFile(directory, "hearth", ".yaml"),
        """
        source:
          postgres: { url: "%s", user: "%s", password: "%s", slot: plan }
        kafka: { bootstrapServers: "%s", topicPrefix: plan }
        stores: { redis: { type: redis, uri: "%s" } }
        caches:
          product: { stores: [ redis ], key: "product:{id}" }
          category: { stores: [ redis ], key: "category:{id}" }
        rules:
          %s
        http: { port: 0 }
        dataDirectory: "%s"
        """
            .formatted(
                servers.postgres().jdbcUrl("plan"),
                user,
                password,
                servers.kafka().bootstrapServers(),
                servers.redis().uri(),
                rule,
                directory.resolve("data")));
  }

  private static void execute(String sql) throws SQLException {
    try (Connection connection = connection();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private static Connection connection() throws SQLException {
    return DriverManager.getConnection(
        servers.postgres().jdbcUrl("plan"),
        servers.postgres().user(),
        servers.postgres().password());
  }
}
