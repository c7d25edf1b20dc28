package dev.hearth.client.access;

import static dev.hearth.client.Eventually.eventually;
import static java.util.stream.Collectors.toSet;
import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.client.Eventually;
import dev.hearth.sandbox.Sandbox;
import dev.hearth.sandbox.Server;
import dev.hearth.schemas.access.AccessReport;
import dev.hearth.schemas.access.AccessReport.KeyCount;
import dev.hearth.schemas.topic.Topic;
import dev.hearth.schemas.topic.Topics;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class KafkaAccessSinkTest {
  private static Sandbox sandbox;

  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();

  @BeforeAll
  static void startKafka() {
    sandbox = Sandbox.builder().servers(Server.KAFKA).start();
  }

  @AfterAll
  static void stopKafka() {
    sandbox.close();
  }

  @Test
  void publishesReportsUnderTheirClient() throws Exception {
    Topic<String, AccessReport> topic = create(new Topics("published"));
    AccessReport report = report(1);

    try (KafkaAccessSink sink = connect(sandbox.kafka().bootstrapServers(), "published")) {
      offerUntilTaken(sink, report);
      awaitPublished(1);
    }

    List<ConsumerRecord<String, byte[]>> records = read(topic, 1);
    assertThat(records.get(0).key()).isEqualTo("shop-1");
    assertThat(topic.value().deserializer().deserialize(topic.name(), records.get(0).value()))
        .isEqualTo(report);
  }

  @Test
  void publishesALargeReportInParts() throws Exception {
    Topic<String, AccessReport> topic = create(new Topics("large"));
    AccessReport large = report(20_000);
    List<AccessReport> parts = ReportParts.of(large, KafkaAccessSink.PART_BYTES);

    try (KafkaAccessSink sink = connect(sandbox.kafka().bootstrapServers(), "large")) {
      offerUntilTaken(sink, report(1));
      sink.accept(large);
      awaitPublished(1 + parts.size());
    }

    Set<AccessReport> expected = new HashSet<>(parts);
    expected.add(report(1));
    Set<AccessReport> published =
        read(topic, expected.size()).stream()
            .map(record -> topic.value().deserializer().deserialize(topic.name(), record.value()))
            .collect(toSet());
    assertThat(parts).hasSizeGreaterThan(3);
    assertThat(published).isEqualTo(expected);
  }

  @Test
  void countsAndForgetsWhatNoBrokerTakes() {
    long start = System.nanoTime();

    try (KafkaAccessSink sink = connect("127.0.0.1:1", "nobody")) {
      sink.accept(report(1));
      sink.accept(report(1));
    }

    assertThat(records("failed")).isEqualTo(2);
    assertThat(records("published")).isZero();
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(20));
  }

  private KafkaAccessSink connect(String bootstrapServers, String prefix) {
    return KafkaAccessSink.connect(bootstrapServers, new Topics(prefix), Map.of(), registry);
  }

  /** The first reports may be lost while the producer makes its first connection. */
  private void offerUntilTaken(KafkaAccessSink sink, AccessReport report) {
    eventually(
        "a report is handed over",
        () -> {
          double failed = records("failed");
          sink.accept(report);
          return records("failed") == failed;
        });
  }

  /** What the sink cannot send within two seconds of its end is lost. */
  private void awaitPublished(int reports) {
    eventually(reports + " are published", () -> records("published") >= reports);
  }

  private static Topic<String, AccessReport> create(Topics topics) throws Exception {
    Topic<String, AccessReport> topic = topics.accesses();
    try (Admin admin =
        Admin.create(Map.of("bootstrap.servers", sandbox.kafka().bootstrapServers()))) {
      admin
          .createTopics(List.of(topic.definition((short) 1)))
          .all()
          .get(Eventually.BOUND.toSeconds(), TimeUnit.SECONDS);
    }
    return topic;
  }

  /**
   * Reads until so many different ones are there: one that is sent again may come twice, or late.
   */
  private static List<ConsumerRecord<String, byte[]>> read(
      Topic<String, AccessReport> topic, int different) {
    List<ConsumerRecord<String, byte[]>> records = new ArrayList<>();
    try (KafkaConsumer<String, byte[]> consumer =
        new KafkaConsumer<>(
            Map.of("bootstrap.servers", sandbox.kafka().bootstrapServers()),
            topic.key().deserializer(),
            new ByteArrayDeserializer())) {
      List<TopicPartition> partitions =
          IntStream.range(0, topic.partitions())
              .mapToObj(partition -> new TopicPartition(topic.name(), partition))
              .toList();
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      eventually(
          different + " records on " + topic.name(),
          () -> {
            consumer.poll(Duration.ofMillis(100)).forEach(records::add);
            return records.stream()
                    .map(ConsumerRecord::value)
                    .map(ByteBuffer::wrap)
                    .distinct()
                    .count()
                >= different;
          });
    }
    return records;
  }

  private static AccessReport report(int keys) {
    List<KeyCount> counts =
        IntStream.range(0, keys)
            .mapToObj(
                i -> new KeyCount("product", "product:" + i, i + 1, 1, Duration.ofNanos(2_000)))
            .toList();
    Instant from = Instant.parse("2026-03-01T12:00:00Z");
    return new AccessReport("shop-1", from, from.plusSeconds(1), counts, 4);
  }

  private double records(String outcome) {
    return registry.get("hearth.client.access.records").tag("outcome", outcome).counter().count();
  }
}
