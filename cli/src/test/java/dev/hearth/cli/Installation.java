package dev.hearth.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.chassis.config.ConfigLoader;
import dev.hearth.chassis.config.HearthConfig;
import dev.hearth.chassis.kafka.KafkaTopics;
import dev.hearth.sandbox.Sandbox;
import dev.hearth.sandbox.Server;
import dev.hearth.sandbox.Wait;
import dev.hearth.schemas.position.EpochRaised;
import dev.hearth.schemas.position.StreamMark;
import dev.hearth.schemas.topic.Topic;
import dev.hearth.schemas.topic.Topics;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * One installation on real servers, for the tests of one class: a database, a slot and a topic
 * prefix of the same name, a configuration, and services that run until this is closed.
 */
final class Installation implements AutoCloseable {
  private static final Duration BOUND = Duration.ofSeconds(120);

  private final String name;
  private final Path directory;
  private final Sandbox servers;
  private final Deque<Services> started = new ArrayDeque<>();

  /**
   * Starts the servers.
   *
   * @param directory for configurations and the services' data
   * @param with PostgreSQL, and what else there is to be; Hazelcast where it is named
   */
  Installation(String name, Path directory, Server... with) {
    this.name = name;
    this.directory = directory;
    this.servers = Sandbox.builder().servers(with).start();
    servers.postgres().createDatabase(name);
  }

  Sandbox servers() {
    return servers;
  }

  Topics topics() {
    return new Topics(name);
  }

  Map<String, Object> kafka() {
    return KafkaTopics.clientProperties(servers.kafka().bootstrapServers(), Map.of());
  }

  Admin admin() {
    return Admin.create(kafka());
  }

  /** Where the services keep their data. */
  Path data() {
    return directory.resolve("data");
  }

  /**
   * The text of a configuration.
   *
   * @param cachesAndRules at the margin
   */
  String yaml(String cachesAndRules) {
    return """
    source:
      postgres: { url: "%s", user: "%s", password: "%s", slot: %s }
    kafka: { bootstrapServers: "%s", topicPrefix: %s }
    stores:
      redis: { type: redis, uri: "%s" }
    """
            .formatted(
                servers.postgres().jdbcUrl(name),
                servers.postgres().user(),
                servers.postgres().password(),
                name,
                servers.kafka().bootstrapServers(),
                name,
                servers.redis().uri())
        + cachesAndRules
        + """
        http: { port: 0 }
        dataDirectory: "%s"
        """
            .formatted(data());
  }

  /** The same with a second store, hazelcast. */
  String yamlWithHazelcast(String cachesAndRules) {
    return yaml(
        """
          hazelcast: { type: hazelcast, members: [ "%s" ], clusterName: "%s" }
        """
                .formatted(servers.hazelcast().address(), servers.hazelcast().clusterName())
            + cachesAndRules);
  }

  /** A file with this text. */
  Path file(String yaml) throws Exception {
    return Files.writeString(Files.createTempFile(directory, "hearth", ".yaml"), yaml);
  }

  static HearthConfig load(Path file) {
    return ConfigLoader.load(file, Map.of(), Map.of()).config();
  }

  /** Starts services; closed with this, at the latest. */
  Services start(Path file, Set<Role> roles) {
    Services services = new Services(load(file), roles);
    started.push(services);
    services.start();
    return services;
  }

  /** Starts services and waits until they are ready. */
  Services startReady(Path file, Set<Role> roles) throws Exception {
    Services services = start(file, roles);
    eventually(
        () ->
            assertThat(services.health().ready().fine())
                .as("%s", services.health().ready())
                .isTrue());
    return services;
  }

  /**
   * Waits until the slot's birth is behind it, whose second epoch voids what was filled before; the
   * stores learn of it in their own time.
   *
   * @return the epoch
   */
  long awaitSettledEpoch() throws Exception {
    Topic<String, StreamMark> epochs = topics().epochs();
    TopicPartition partition = new TopicPartition(epochs.name(), 0);
    AtomicLong settled = new AtomicLong();
    try (KafkaConsumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(kafka(), new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      consumer.assign(List.of(partition));
      consumer.seekToBeginning(List.of(partition));
      eventually(
          () -> {
            for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(100))) {
              if (epochs.value().deserializer().deserialize(epochs.name(), record.value())
                      instanceof EpochRaised raised
                  && raised.settled()) {
                settled.set(raised.position().epoch());
              }
            }
            assertThat(settled.get()).as("a settled epoch").isPositive();
          });
    }
    return settled.get();
  }

  Connection connect() throws SQLException {
    return DriverManager.getConnection(
        servers.postgres().jdbcUrl(name), servers.postgres().user(), servers.postgres().password());
  }

  void execute(String sql) throws SQLException {
    try (Connection connection = connect();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  /** The first column of the only row. */
  String one(String sql) throws SQLException {
    try (Connection connection = connect();
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(sql)) {
      assertThat(row.next()).as(sql).isTrue();
      return row.getString(1);
    }
  }

  /** The one way in which tests of this module wait: one generous bound. */
  static void eventually(Wait.Assertion assertion) throws Exception {
    Wait.untilHolds(BOUND, assertion);
  }

  @Override
  public void close() {
    while (!started.isEmpty()) {
      started.pop().close();
    }
    servers.close();
  }
}
