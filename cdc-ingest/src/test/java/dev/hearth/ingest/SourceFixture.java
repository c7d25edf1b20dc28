package dev.hearth.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.chassis.config.ConfigLoader;
import dev.hearth.chassis.config.HearthConfig;
import dev.hearth.chassis.health.Health;
import dev.hearth.chassis.kafka.KafkaTopics;
import dev.hearth.chassis.metrics.Metrics;
import dev.hearth.sandbox.HeldCommits;
import dev.hearth.sandbox.Sandbox;
import dev.hearth.sandbox.Server;
import dev.hearth.schemas.change.ChangeEvent;
import dev.hearth.schemas.change.ChangeMark;
import dev.hearth.schemas.change.ChangeRecord;
import dev.hearth.schemas.change.SnapshotEnd;
import dev.hearth.schemas.change.SnapshotRequest;
import dev.hearth.schemas.change.SnapshotRow;
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
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

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
  final Health health = new Health();
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
    return ConfigLoader.parse("test", yaml(cachesAndRules, url, user, password), Map.of(), Map.of())
        .config();
  }

  /** Text of a configuration. */
  String yaml(String cachesAndRules) {
    return yaml(cachesAndRules, url(), SANDBOX.postgres().user(), SANDBOX.postgres().password());
  }

  private String yaml(String cachesAndRules, String url, String user, String password) {
    return """
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
            cachesAndRules);
  }

  Ingest start(HearthConfig config) throws Exception {
    return start(config, new Ingest.Options(true));
  }

  Ingest start(HearthConfig config, Ingest.Options options) throws Exception {
    Ingest ingest = new Ingest(config, topics, kafka, metrics, health, Clock.systemUTC(), options);
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

  /** Commits that wait from now on, of every database of the server. */
  HeldCommits holdCommits() throws Exception {
    return HeldCommits.begin(url(), SANDBOX.postgres().user(), SANDBOX.postgres().password());
  }

  /** The server needs a moment to notice that the stream's connection is gone. */
  void awaitIdleSlot() throws Exception {
    Eventually.eventually(
        () ->
            assertThat(
                    value(
                        "select active::text from pg_replication_slots where slot_name = '"
                            + name
                            + "'"))
                .isEqualTo("false"));
  }

  /** Asks for the rows of a table. */
  void request(String id, String table, String... columns) throws Exception {
    SnapshotRequest request =
        new SnapshotRequest(id, table, List.of(columns), Instant.ofEpochMilli(1_000_000));
    Topic<String, SnapshotRequest> topic = topics.snapshots();
    Map<String, Object> properties = new HashMap<>(kafka);
    try (KafkaProducer<byte[], byte[]> producer =
        new KafkaProducer<>(properties, new ByteArraySerializer(), new ByteArraySerializer())) {
      producer
          .send(
              new ProducerRecord<>(
                  topic.name(),
                  table.getBytes(StandardCharsets.UTF_8),
                  topic.value().serializer().serialize(topic.name(), request)))
          .get(30, TimeUnit.SECONDS);
    }
  }

  /** Tables whose rows somebody asked for and nobody has published, by the topic alone. */
  Set<String> requested() {
    Set<String> tables = new TreeSet<>();
    Map<String, Object> properties = new HashMap<>(kafka);
    try (KafkaConsumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(properties, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      TopicPartition partition = new TopicPartition(topics.snapshots().name(), 0);
      consumer.assign(List.of(partition));
      consumer.seekToBeginning(List.of(partition));
      long end =
          consumer
              .endOffsets(List.of(partition), Duration.ofSeconds(30))
              .getOrDefault(partition, 0L);
      while (consumer.position(partition, Duration.ofSeconds(30)) < end) {
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(50))) {
          String table = new String(record.key(), StandardCharsets.UTF_8);
          if (record.value() == null) {
            tables.remove(table);
          } else {
            tables.add(table);
          }
        }
      }
    }
    return tables;
  }

  /** Reasons of the dead letters. */
  List<String> deadLetters() {
    List<String> reasons = new ArrayList<>();
    Map<String, Object> properties = new HashMap<>(kafka);
    try (KafkaConsumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(properties, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      TopicPartition partition = new TopicPartition(topics.deadLetters().name(), 0);
      consumer.assign(List.of(partition));
      consumer.seekToBeginning(List.of(partition));
      long end =
          consumer
              .endOffsets(List.of(partition), Duration.ofSeconds(30))
              .getOrDefault(partition, 0L);
      while (consumer.position(partition, Duration.ofSeconds(30)) < end) {
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(50))) {
          reasons.add(
              new String(
                  record.headers().lastHeader("__streams.errors.message").value(),
                  StandardCharsets.UTF_8));
        }
      }
    }
    return reasons;
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

    /** All records that the topic has now; what was published before the call is among them. */
    List<ChangeRecord> readToEnd() {
      TopicPartition partition = new TopicPartition(topic.name(), 0);
      long end =
          consumer
              .endOffsets(List.of(partition), Duration.ofSeconds(30))
              .getOrDefault(partition, 0L);
      while (consumer.position(partition, Duration.ofSeconds(30)) < end) {
        poll();
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

    /** Operation and record key of each change so far, once each. */
    List<String> keyed() {
      return once().stream()
          .map(i -> ((ChangeEvent) records.get(i)).operation() + " " + keys.get(i))
          .toList();
    }

    /** The changes so far, once each. */
    List<ChangeEvent> changes() {
      return once().stream().map(i -> (ChangeEvent) records.get(i)).toList();
    }

    /**
     * Places of the changes so far. What a session had published and not yet confirmed when it
     * ended is streamed again, which a session may do at any time: it counts once.
     */
    private List<Integer> once() {
      poll();
      Set<List<Object>> seen = new HashSet<>();
      return IntStream.range(0, records.size())
          .filter(i -> records.get(i) instanceof ChangeEvent change && seen.add(logged(change, i)))
          .boxed()
          .toList();
    }

    /**
     * What is the same each time that a change of the log is streamed; others are each their own.
     */
    private List<Object> logged(ChangeEvent change, int place) {
      return change.transaction() == 0
          ? List.of(place)
          : List.of(
              change.table(),
              change.operation(),
              change.before(),
              change.after(),
              change.transaction(),
              change.changeLsn(),
              keys.get(place));
    }

    List<SnapshotRow> rows() {
      return poll().stream()
          .filter(SnapshotRow.class::isInstance)
          .map(SnapshotRow.class::cast)
          .toList();
    }

    List<SnapshotEnd> ends() {
      return poll().stream()
          .filter(SnapshotEnd.class::isInstance)
          .map(SnapshotEnd.class::cast)
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
