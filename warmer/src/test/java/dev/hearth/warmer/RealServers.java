package dev.hearth.warmer;

import dev.hearth.sandbox.PostgresServer;
import dev.hearth.sandbox.Sandbox;
import dev.hearth.sandbox.Server;
import dev.hearth.schemas.position.EpochRaised;
import dev.hearth.schemas.position.Position;
import dev.hearth.schemas.position.SourceIdentity;
import dev.hearth.schemas.position.StreamMark;
import dev.hearth.schemas.topic.Topic;
import dev.hearth.schemas.topic.Topics;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.jspecify.annotations.Nullable;

/** PostgreSQL, Redis and Kafka, started once for all tests of the module; end with the JVM. */
public final class RealServers {
  private static @Nullable Sandbox sandbox;
  private static @Nullable PostgresServer standby;

  private RealServers() {}

  public static synchronized Sandbox get() {
    if (sandbox == null) {
      sandbox = Sandbox.builder().servers(Server.POSTGRES, Server.REDIS, Server.KAFKA).start();
    }
    return sandbox;
  }

  public static Map<String, String> kafka() {
    return Map.of("bootstrap.servers", get().kafka().bootstrapServers());
  }

  /** Creates the topics of an installation. */
  public static void createTopics(Topics topics) {
    try (Admin admin = Admin.create(Map.copyOf(kafka()))) {
      List<NewTopic> all =
          topics.all().stream().map((Topic<?, ?> topic) -> topic.definition((short) 1)).toList();
      admin.createTopics(all).all().get();
    } catch (InterruptedException | ExecutionException e) {
      throw new IllegalStateException(e);
    }
  }

  public static String jdbcUrl(String database) {
    get().postgres().createDatabase(database);
    return get().postgres().jdbcUrl(database);
  }

  /** A physical standby of the PostgreSQL. */
  public static synchronized PostgresServer standby() {
    if (standby == null) {
      standby = get().startStandby("standby");
    }
    return standby;
  }

  /** The first column of the first row. */
  public static String query(String database, String query) {
    try (Connection connection =
            DriverManager.getConnection(
                jdbcUrl(database), get().postgres().user(), get().postgres().password());
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(query)) {
      row.next();
      return row.getString(1);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  public static void sql(String database, String... statements) {
    try (Connection connection =
            DriverManager.getConnection(
                jdbcUrl(database), get().postgres().user(), get().postgres().password());
        Statement statement = connection.createStatement()) {
      for (String each : statements) {
        statement.execute(each);
      }
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  /** As ingest does for the epoch that {@link RedisFixture} counts in. */
  public static void publishEpoch(Topics topics, String database) throws Exception {
    SourceIdentity identity =
        new SourceIdentity(
            query(database, "select system_identifier::text from pg_control_system()"),
            1,
            "hearth",
            0,
            "product",
            Instant.EPOCH);
    Topic<String, StreamMark> epochs = topics.epochs();
    try (KafkaProducer<String, StreamMark> producer =
        new KafkaProducer<>(
            Map.copyOf(kafka()), epochs.key().serializer(), epochs.value().serializer())) {
      producer
          .send(
              new ProducerRecord<>(
                  epochs.name(),
                  "hearth",
                  new EpochRaised(
                      "hearth", new Position(1, 1), identity, true, "a test", Instant.EPOCH)))
          .get();
    }
  }
}
