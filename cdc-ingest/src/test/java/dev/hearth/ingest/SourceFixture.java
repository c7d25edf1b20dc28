package dev.hearth.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.chassis.config.ConfigLoader;
import dev.hearth.chassis.config.HearthConfig;
import dev.hearth.chassis.health.Health;
import dev.hearth.chassis.kafka.KafkaTopics;
import dev.hearth.chassis.metrics.Metrics;
import dev.hearth.sandbox.Sandbox;
import dev.hearth.sandbox.Server;
import dev.hearth.schemas.change.ChangeEvent;
import dev.hearth.schemas.change.ChangeMark;
import dev.hearth.schemas.change.ChangeRecord;
import dev.hearth.schemas.position.EpochRaised;
import dev.hearth.schemas.position.StreamMark;
import dev.hearth.schemas.position.Watermark;
import dev.hearth.schemas.topic.Topic;
import dev.hearth.schemas.topic.Topics;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * One PostgreSQL and one Kafka for all tests of the module; each test has a database of its own.
 */
final class SourceFixture implements AutoCloseable {
  private static final AtomicInteger NUMBER = new AtomicInteger();
  private static final Sandbox SANDBOX =
      Sandbox.builder().servers(Server.POSTGRES, Server.KAFKA).start();

  final String name = "shop" + NUMBER.incrementAndGet();
  final Topics topics = new Topics("hearth-" + name);
  final Map<String, Object> kafka =
      KafkaTopics.clientProperties(SANDBOX.kafka().bootstrapServers(), Map.of());
  final Metrics metrics = new Metrics("test");
  private final List<AutoCloseable> opened = new ArrayList<>();

  SourceFixture(String schema) throws SQLException {
    SANDBOX.postgres().createDatabase(name);
    execute(schema);
    KafkaTopics.ensure(
        kafka, replicas -> topics.all().stream().map(topic -> topic.definition(replicas)).toList());
  }

  static Sandbox sandbox() {
    return SANDBOX;
  }

  String url() {
    return SANDBOX.postgres().jdbcUrl(name);
  }

  HearthConfig config(String cachesAndRules) {
    return config(cachesAndRules, SANDBOX.postgres().user(), SANDBOX.postgres().password());
  }

  HearthConfig config(String cachesAndRules, String user, String password) {
    return config(cachesAndRules, url(), user, password);
  }

  HearthConfig config(String cachesAndRules, String url, String user, String password) {
    return ConfigLoader.parse(
            "test",
            """
            source:
              postgres: { url: "%s", user: %s, password: "%s", slot: %s }
            kafka: { bootstrapServers: "%s", topicPrefix: %s }
            stores: { redis: { type: redis, uri: "redis://localhost:1" } }
            %s
            """
                .formatted(
                    url,
                    user,
                    password,
                    name,
                    SANDBOX.kafka().bootstrapServers(),
                    topics.prefix(),
                    cachesAndRules),
            Map.of(),
            Map.of())
        .config();
  }

  Ingest start(HearthConfig config) throws Exception {
    return start(config, new Ingest.Options(true));
  }

  Ingest start(HearthConfig config, Ingest.Options options) throws Exception {
    Ingest ingest =
        new Ingest(config, topics, kafka, metrics, new Health(), Clock.systemUTC(), options);
    ingest.start();
    opened.add(ingest::close);
    return ingest;
  }

  Connection connect() throws SQLException {
    Connection connection =
        DriverManager.getConnection(
            url(), SANDBOX.postgres().user(), SANDBOX.postgres().password());
    opened.add(connection);
    return connection;
  }

  void execute(String sql) throws SQLException {
    try (Connection connection =
            DriverManager.getConnection(
                url(), SANDBOX.postgres().user(), SANDBOX.postgres().password());
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  /** The one value of a query. */
  String value(String sql) throws SQLException {
    try (Connection connection =
            DriverManager.getConnection(
                url(), SANDBOX.postgres().user(), SANDBOX.postgres().password());
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(sql)) {
      row.next();
      return row.getString(1);
    }
  }

  /** Reads the changes topic from its beginning, as often as asked. */
  Reader reader() {
    Reader reader = new Reader();
    opened.add(reader);
    return reader;
  }

  @Override
  public void close() throws Exception {
    for (int i = opened.size() - 1; i >= 0; i--) {
      opened.get(i).close();
    }
    dropSlot();
  }

  /** The server has only so many, and an old one holds back what new ones may rely on. */
  private void dropSlot() throws Exception {
    Eventually.eventually(
        () -> {
          try (Connection connection =
                  DriverManager.getConnection(
                      url(), SANDBOX.postgres().user(), SANDBOX.postgres().password());
              Statement statement = connection.createStatement()) {
            statement.execute(
                "select pg_drop_replication_slot(slot_name) from pg_replication_slots"
                    + " where not active and database = current_database()");
            try (ResultSet left =
                statement.executeQuery(
                    "select from pg_replication_slots where database = current_database()")) {
              assertThat(left.next()).isFalse();
            }
          }
        });
  }

  final class Reader implements AutoCloseable {
    private final Topic<String, ChangeRecord> topic = topics.changes();
    private final KafkaConsumer<byte[], byte[]> consumer;
    final List<ChangeRecord> records = new ArrayList<>();

    /** Keys of the records, one each; empty where there is none. */
    final List<String> keys = new ArrayList<>();

    private Reader() {
      Map<String, Object> properties = new HashMap<>(kafka);
      properties.put("enable.auto.commit", "false");
      properties.put("max.poll.records", "10000");
      consumer =
          new KafkaConsumer<>(properties, new ByteArrayDeserializer(), new ByteArrayDeserializer());
      TopicPartition partition = new TopicPartition(topic.name(), 0);
      consumer.assign(List.of(partition));
      consumer.seekToBeginning(List.of(partition));
    }

    /** All records so far. */
    List<ChangeRecord> poll() {
      for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(50))) {
        records.add(read(record));
        keys.add(record.key() == null ? "" : new String(record.key(), StandardCharsets.UTF_8));
      }
      return records;
    }

    /** Records that came, which are not kept: for tests of millions. */
    List<ChangeRecord> next() {
      List<ChangeRecord> next = new ArrayList<>();
      for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(50))) {
        next.add(read(record));
      }
      return next;
    }

    private ChangeRecord read(ConsumerRecord<byte[], byte[]> record) {
      return topic.value().deserializer().deserialize(topic.name(), record.value());
    }

    /** Operation and record key of each change so far. */
    List<String> keyed() {
      List<String> keyed = new ArrayList<>();
      for (int i = 0; i < poll().size(); i++) {
        if (records.get(i) instanceof ChangeEvent change) {
          keyed.add(change.operation() + " " + keys.get(i));
        }
      }
      return keyed;
    }

    List<ChangeEvent> changes() {
      return poll().stream()
          .filter(ChangeEvent.class::isInstance)
          .map(ChangeEvent.class::cast)
          .toList();
    }

    List<StreamMark> marks() {
      return poll().stream()
          .filter(ChangeMark.class::isInstance)
          .map(record -> ((ChangeMark) record).mark())
          .toList();
    }

    /** Waits until the birth of the slot is behind: from here on, a restart keeps the epoch. */
    void awaitWatermarkOfASettledEpoch() throws Exception {
      Eventually.eventually(
          () -> {
            List<StreamMark> marks = marks();
            List<Long> settled =
                marks.stream()
                    .filter(mark -> mark instanceof EpochRaised raised && raised.settled())
                    .map(mark -> mark.position().epoch())
                    .toList();
            assertThat(marks)
                .anyMatch(
                    mark -> mark instanceof Watermark && settled.contains(mark.position().epoch()));
          });
    }

    @Override
    public void close() {
      consumer.close();
    }
  }
}
