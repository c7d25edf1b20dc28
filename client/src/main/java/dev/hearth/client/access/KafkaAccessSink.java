package dev.hearth.client.access;

import dev.hearth.schemas.access.AccessReport;
import dev.hearth.schemas.topic.Topic;
import dev.hearth.schemas.topic.Topics;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Publishes access reports, keyed by client, and gives up soon: a report that the broker does not
 * take is counted in {@code hearth.client.access.records} with outcome {@code failed}, and gone.
 * Thread-safe. The producer's own thread does the I/O; handing over a report blocks for at most a
 * quarter of a second for each of its records, while no broker answers.
 */
public final class KafkaAccessSink implements AccessSink, AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(KafkaAccessSink.class);
  private static final Duration CLOSE_BOUND = Duration.ofSeconds(2);

  /** A quarter of what brokers and producers accept by default (1 MiB): parts compress well. */
  static final int PART_BYTES = 256 * 1024;

  private final Producer<String, AccessReport> producer;
  private final String topic;
  private final Counter published;
  private final Counter failed;
  private final AtomicBoolean failing = new AtomicBoolean();

  KafkaAccessSink(Producer<String, AccessReport> producer, String topic, MeterRegistry registry) {
    this.producer = producer;
    this.topic = topic;
    this.published = counter(registry, "published");
    this.failed = counter(registry, "failed");
  }

  /**
   * A sink with a producer of its own; needs no broker to begin with.
   *
   * @param bootstrapServers as Kafka has it: {@code host:port,...}
   * @param properties of the producer (security, for example), which go before this class's own
   * @throws org.apache.kafka.common.KafkaException if no producer can be made of these settings, or
   *     no name of a server resolves
   */
  public static KafkaAccessSink connect(
      String bootstrapServers,
      Topics topics,
      Map<String, String> properties,
      MeterRegistry registry) {
    Topic<String, AccessReport> topic = topics.accesses();
    Map<String, Object> settings = new HashMap<>(defaults());
    settings.putAll(properties);
    settings.put(ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrapServers);
    return new KafkaAccessSink(
        new KafkaProducer<>(settings, topic.key().serializer(), topic.value().serializer()),
        topic.name(),
        registry);
  }

  /**
   * Bounded in memory and in time; a lost report costs a second of counts, a double one the same.
   */
  private static Map<String, Object> defaults() {
    return Map.of(
        ProducerConfig.CLIENT_ID_CONFIG,
        "hearth-access-sink",
        ProducerConfig.ACKS_CONFIG,
        "1",
        ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG,
        false,
        ProducerConfig.LINGER_MS_CONFIG,
        5,
        ProducerConfig.MAX_BLOCK_MS_CONFIG,
        250,
        ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG,
        5_000,
        ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG,
        10_000,
        ProducerConfig.BUFFER_MEMORY_CONFIG,
        8L * 1024 * 1024,
        ProducerConfig.COMPRESSION_TYPE_CONFIG,
        "lz4");
  }

  @Override
  @SuppressWarnings("FutureReturnValueIgnored") // the callback hears of every outcome
  public void accept(AccessReport report) {
    for (AccessReport part : ReportParts.of(report, PART_BYTES)) {
      try {
        producer.send(new ProducerRecord<>(topic, part.client(), part), (metadata, e) -> note(e));
      } catch (RuntimeException e) {
        note(e);
      }
    }
  }

  private void note(@Nullable Exception failure) {
    if (failure == null) {
      published.increment();
      if (failing.compareAndSet(true, false)) {
        log.info("Access reports are published again: topic={}", topic);
      }
      return;
    }
    failed.increment();
    if (failing.compareAndSet(false, true)) {
      log.warn("Access reports are lost: topic={} error={}", topic, failure.toString());
    }
  }

  /** Sends what is buffered; waits at most 2 s. */
  @Override
  public void close() {
    producer.close(CLOSE_BOUND);
  }

  private static Counter counter(MeterRegistry registry, String outcome) {
    return Counter.builder("hearth.client.access.records")
        .description("Records of access reports by what became of them")
        .tag("outcome", outcome)
        .register(registry);
  }
}
