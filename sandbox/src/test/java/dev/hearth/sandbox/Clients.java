package dev.hearth.sandbox;

import com.hazelcast.client.HazelcastClient;
import com.hazelcast.client.config.ClientConfig;
import com.hazelcast.core.HazelcastInstance;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** One exchange with each server, as any client would do it. */
final class Clients {
  private Clients() {}

  static Connection connect(PostgresServer postgres) throws SQLException {
    return DriverManager.getConnection(
        postgres.jdbcUrl("postgres"), postgres.user(), postgres.password());
  }

  static void execute(PostgresServer postgres, String sql) throws SQLException {
    try (Connection connection = connect(postgres);
        var statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  static List<String> query(PostgresServer postgres, String sql) throws SQLException {
    try (Connection connection = connect(postgres);
        var statement = connection.createStatement();
        var rows = statement.executeQuery(sql)) {
      List<String> values = new ArrayList<>();
      while (rows.next()) {
        values.add(rows.getString(1));
      }
      return values;
    }
  }

  static void createTopic(KafkaServer kafka, String topic) throws Exception {
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", kafka.bootstrapServers()))) {
      admin.createTopics(List.of(new NewTopic(topic, 1, (short) 1))).all().get();
    }
  }

  /** Returns when the broker has acknowledged the record. */
  static void produce(KafkaServer kafka, String topic, String value) throws Exception {
    try (var producer =
        new KafkaProducer<>(
            Map.<String, Object>of("bootstrap.servers", kafka.bootstrapServers(), "acks", "all"),
            new StringSerializer(),
            new StringSerializer())) {
      producer.send(new ProducerRecord<>(topic, value)).get();
    }
  }

  /** Reads through a consumer group, from the beginning, until a record comes. */
  static List<String> consume(KafkaServer kafka, String topic, String group) {
    try (var consumer =
        new KafkaConsumer<>(
            Map.<String, Object>of(
                "bootstrap.servers",
                kafka.bootstrapServers(),
                "group.id",
                group,
                "auto.offset.reset",
                "earliest"),
            new StringDeserializer(),
            new StringDeserializer())) {
      consumer.subscribe(Set.of(topic));
      List<String> values = new ArrayList<>();
      Eventually.eventually(
          "a record from " + topic,
          () -> {
            consumer
                .poll(Duration.ofMillis(100))
                .forEach(consumerRecord -> values.add(consumerRecord.value()));
            return !values.isEmpty();
          });
      return values;
    }
  }

  static String redis(RedisServer redis, String command) throws IOException {
    try (Socket socket = new Socket(Ports.localhost(0).getAddress(), redis.port());
        var answers =
            new BufferedReader(
                new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8))) {
      socket.getOutputStream().write((command + "\r\n").getBytes(StandardCharsets.UTF_8));
      return answers.readLine();
    }
  }

  static HazelcastInstance connect(HazelcastServer hazelcast) {
    ClientConfig config = new ClientConfig().setClusterName(hazelcast.clusterName());
    config.getNetworkConfig().addAddress(hazelcast.address());
    config.setProperty("hazelcast.logging.type", "slf4j");
    return HazelcastClient.newHazelcastClient(config);
  }
}
