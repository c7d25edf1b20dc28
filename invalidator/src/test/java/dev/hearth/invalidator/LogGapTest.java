package dev.hearth.invalidator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.chassis.kafka.KafkaTopics;
import dev.hearth.sandbox.Sandbox;
import dev.hearth.sandbox.Server;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class LogGapTest {
  private static final AtomicInteger NUMBER = new AtomicInteger();
  private static final String GROUP = "derivation";
  private static Sandbox servers;

  private final TopicPartition log = new TopicPartition("log" + NUMBER.incrementAndGet(), 0);

  @BeforeAll
  static void startServers() {
    servers = Sandbox.builder().servers(Server.KAFKA).start();
  }

  @AfterAll
  static void stopServers() {
    servers.close();
  }

  @BeforeEach
  void write() throws Exception {
    try (Admin admin = Admin.create(kafka())) {
      await(admin.createTopics(List.of(new NewTopic(log.topic(), 1, (short) 1))).all());
    }
    try (KafkaProducer<String, String> producer =
        new KafkaProducer<>(kafka(), new StringSerializer(), new StringSerializer())) {
      for (int i = 0; i < 10; i++) {
        producer.send(new ProducerRecord<>(log.topic(), "change")).get(30, TimeUnit.SECONDS);
      }
    }
  }

  @Test
  void noneWhereEverythingIsThereThatTheGroupHasNotRead() throws Exception {
    assertThat(gap()).isFalse();

    commit(5);
    assertThat(gap()).isFalse();

    lose(5);
    assertThat(gap()).isFalse();
  }

  @Test
  void oneWhereTheLogBeginsBehindWhatTheGroupHasRead() throws Exception {
    commit(5);

    lose(6);

    assertThat(gap()).isTrue();
  }

  @Test
  void oneWhereNobodyKnowsHowFarTheGroupHasReadAndSomethingIsGone() throws Exception {
    lose(1);

    assertThat(gap()).isTrue();
  }

  private boolean gap() {
    return LogGap.isBefore(GROUP + log.topic(), log.topic(), kafka());
  }

  private void commit(long offset) throws Exception {
    try (Admin admin = Admin.create(kafka())) {
      await(
          admin
              .alterConsumerGroupOffsets(
                  GROUP + log.topic(), Map.of(log, new OffsetAndMetadata(offset)))
              .all());
    }
  }

  private void lose(long before) throws Exception {
    try (Admin admin = Admin.create(kafka())) {
      await(admin.deleteRecords(Map.of(log, RecordsToDelete.beforeOffset(before))).all());
    }
  }

  private static void await(org.apache.kafka.common.KafkaFuture<?> future) throws Exception {
    future.get(Duration.ofSeconds(30).toSeconds(), TimeUnit.SECONDS);
  }

  private static Map<String, Object> kafka() {
    return KafkaTopics.clientProperties(servers.kafka().bootstrapServers(), Map.of());
  }
}
