package dev.hearth.guarantees.oracle;

import dev.hearth.chassis.config.ConfigLoader;
import dev.hearth.chassis.config.HearthConfig;
import dev.hearth.chassis.kafka.KafkaTopics;
import dev.hearth.cli.Role;
import dev.hearth.cli.Services;
import dev.hearth.sandbox.Sandbox;
import dev.hearth.sandbox.Server;
import dev.hearth.sandbox.Wait;
import dev.hearth.schemas.topic.Topics;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;

/**
 * Ingest and invalidator as {@code hearth run} has them, on real servers, over a database of its
 * own. The two roles can be stopped and started apart, with what they remember or without.
 */
final class Pipeline implements AutoCloseable {
  private static final AtomicInteger NUMBER = new AtomicInteger();
  private static final Sandbox SANDBOX =
      Sandbox.builder().servers(Server.POSTGRES, Server.KAFKA, Server.REDIS).start();

  private final String name = "oracle" + NUMBER.incrementAndGet();
  private final Path directory;
  private final String yaml;
  private final HearthConfig config;
  private Services ingest;
  private Services invalidator;

  /**
   * @param ddl of the tables
   * @param kafkaProperties for every client of Kafka
   */
  Pipeline(
      String ddl,
      List<CachedQuery> queries,
      List<Drawn.WrittenRule> rules,
      Map<String, String> kafkaProperties)
      throws Exception {
    this.directory = Files.createTempDirectory("hearth-" + name);
    SANDBOX.postgres().createDatabase(name);
    execute("create table probe (id bigint primary key);\n" + ddl);
    this.yaml = yaml(queries, rules, kafkaProperties);
    this.config = ConfigLoader.parse(name, yaml, Map.of(), Map.of()).config();
    this.ingest = new Services(config, EnumSet.of(Role.INGEST));
    this.invalidator = new Services(config, EnumSet.of(Role.INVALIDATE));
    try {
      ingest.start();
      invalidator.start();
    } catch (RuntimeException e) {
      throw new IllegalStateException("the pipeline does not start with\n" + ddl + yaml, e);
    }
  }

  private String yaml(
      List<CachedQuery> queries,
      List<Drawn.WrittenRule> rules,
      Map<String, String> kafkaProperties) {
    String caches =
        queries.stream()
            .map(
                query ->
                    "  %s: { stores: [ redis ], key: \"%s\" }\n"
                        .formatted(query.cache(), query.key()))
            .collect(Collectors.joining());
    String properties =
        kafkaProperties.entrySet().stream()
            .map(entry -> entry.getKey() + ": \"" + entry.getValue() + "\"")
            .collect(Collectors.joining(", "));
    return """
        source:
          postgres: { url: "%s", user: %s, password: "%s", slot: %s }
        kafka: { bootstrapServers: "%s", topicPrefix: %s, properties: { %s } }
        stores:
          redis: { type: redis, uri: "%s" }
        caches:
          %s: { stores: [ redis ], key: "%s:{id}" }
        %s
        rules:
        %s
          - { table: public.probe, keys: [ "%s:{id}" ] }
        http: { port: 0 }
        dataDirectory: "%s"
        """
        .formatted(
            SANDBOX.postgres().jdbcUrl(name),
            SANDBOX.postgres().user(),
            SANDBOX.postgres().password(),
            name,
            SANDBOX.kafka().bootstrapServers(),
            name,
            properties,
            SANDBOX.redis().uri(),
            Traffic.PROBE,
            Traffic.PROBE,
            caches,
            rules.stream().map(rule -> "  - " + rule.yaml() + "\n").collect(Collectors.joining()),
            Traffic.PROBE,
            directory);
  }

  String yaml() {
    return yaml;
  }

  Topics topics() {
    return new Topics(name);
  }

  Map<String, Object> kafka() {
    return KafkaTopics.clientProperties(SANDBOX.kafka().bootstrapServers(), Map.of());
  }

  Connection connect() throws SQLException {
    return DriverManager.getConnection(
        SANDBOX.postgres().jdbcUrl(name) + "?preferQueryMode=simple",
        SANDBOX.postgres().user(),
        SANDBOX.postgres().password());
  }

  private void execute(String sql) throws SQLException {
    try (Connection connection = connect();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  void stopIngest() {
    ingest.close();
  }

  /** No transaction may be open where the slot is lost: its creation waits for them. */
  void startIngest() {
    ingest = new Services(config, EnumSet.of(Role.INGEST));
    ingest.start();
  }

  void dropSlot() {
    if (!Wait.until(
        Duration.ofSeconds(60),
        () -> {
          try {
            execute(
                "select pg_drop_replication_slot(slot_name) from pg_replication_slots where"
                    + " slot_name = '"
                    + name
                    + "'");
            return true;
          } catch (SQLException stillActive) {
            return false;
          }
        })) {
      throw new AssertionError("the slot " + name + " is held for more than a minute");
    }
  }

  void stopInvalidator() {
    invalidator.close();
  }

  void startInvalidator() {
    invalidator = new Services(config, EnumSet.of(Role.INVALIDATE));
    invalidator.start();
  }

  /** What the derivation keeps on its disk and in topics of its own. */
  void forgetDerivation() throws Exception {
    try (Stream<Path> files = Files.walk(directory)) {
      files
          .sorted(Comparator.reverseOrder())
          .filter(each -> !each.equals(directory))
          .forEach(Pipeline::delete);
    }
    try (Admin admin = Admin.create(kafka())) {
      List<String> own =
          admin.listTopics().names().get().stream()
              .filter(topic -> topic.startsWith(name + "-") && topic.endsWith("-changelog"))
              .toList();
      admin.deleteTopics(own).all().get();
      if (!Wait.until(Duration.ofSeconds(60), () -> areGone(admin, own))) {
        throw new AssertionError("topics are not gone after a minute: " + own);
      }
    }
  }

  private static boolean areGone(Admin admin, List<String> topics) {
    try {
      return admin.listTopics().names().get().stream().noneMatch(topics::contains);
    } catch (Exception e) {
      return false;
    }
  }

  private static void delete(Path path) {
    try {
      Files.delete(path);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void close() throws Exception {
    invalidator.close();
    ingest.close();
    dropSlot();
    try (Connection connection =
            DriverManager.getConnection(
                SANDBOX.postgres().jdbcUrl("postgres"),
                SANDBOX.postgres().user(),
                SANDBOX.postgres().password());
        Statement statement = connection.createStatement();
        Admin admin = Admin.create(kafka())) {
      statement.execute("drop database " + name + " with (force)");
      admin
          .deleteTopics(
              admin.listTopics().names().get().stream()
                  .filter(topic -> topic.startsWith(name + "-") || topic.startsWith(name + "."))
                  .toList())
          .all()
          .get();
    }
  }
}
