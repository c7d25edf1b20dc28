package dev.hearth.warmer.sample;

import dev.hearth.schemas.access.AccessReport;
import dev.hearth.schemas.topic.Topic;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Publishes reports of samples as clients publish theirs, or drops them and says so once: a lost
 * report is a second of counts. Thread-safe; blocks for at most a quarter of a second for each
 * record while no broker answers.
 */
public final class ReportPublisher implements Consumer<AccessReport>, AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(ReportPublisher.class);
  private static final Duration CLOSE_BOUND = Duration.ofSeconds(2);

  /** A quarter of what brokers accept by default, at three bytes for a character. */
  private static final int MOST_CHARACTERS = 80_000;

  /** Of the numbers of a count, as characters. */
  private static final int NUMBERS = 20;

  private final Producer<String, AccessReport> producer;
  private final String topic;
  private final AtomicBoolean failing = new AtomicBoolean();

  /**
   * @param kafka bootstrap servers, security and what else the user set for all clients
   */
  public ReportPublisher(Topic<String, AccessReport> topic, Map<String, ?> kafka) {
    Map<String, Object> settings = new HashMap<>(kafka);
    settings.put(ProducerConfig.ACKS_CONFIG, "1");
    settings.put(ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG, false);
    settings.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, 250);
    settings.put(ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG, 5_000);
    settings.put(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, 10_000);
    settings.put(ProducerConfig.LINGER_MS_CONFIG, 5);
    settings.put(ProducerConfig.BUFFER_MEMORY_CONFIG, 8L * 1024 * 1024);
    this.topic = topic.name();
    this.producer =
        new KafkaProducer<>(settings, topic.key().serializer(), topic.value().serializer());
  }

  @Override
  @SuppressWarnings("FutureReturnValueIgnored") // the callback hears of every outcome
  public void accept(AccessReport report) {
    for (AccessReport part : parts(report, MOST_CHARACTERS)) {
      try {
        producer.send(new ProducerRecord<>(topic, part.client(), part), (at, e) -> note(e));
      } catch (RuntimeException e) {
        note(e);
      }
    }
  }

  /** Parts that fit into a record each; together they say the same. */
  static List<AccessReport> parts(AccessReport report, int mostCharacters) {
    List<AccessReport> parts = new ArrayList<>();
    List<AccessReport.KeyCount> part = new ArrayList<>();
    int characters = 0;
    for (AccessReport.KeyCount count : report.counts()) {
      int more = count.key().length() + count.cache().length() + NUMBERS;
      if (!part.isEmpty() && characters + more > mostCharacters) {
        parts.add(with(report, part));
        part = new ArrayList<>();
        characters = 0;
      }
      part.add(count);
      characters += more;
    }
    parts.add(with(report, part));
    return parts;
  }

  private static AccessReport with(AccessReport report, List<AccessReport.KeyCount> counts) {
    return new AccessReport(report.client(), report.from(), report.to(), counts, 0);
  }

  private void note(@Nullable Exception failure) {
    if (failing.getAndSet(failure != null) != (failure != null)) {
      if (failure == null) {
        log.info("samples of heat are published again topic={}", topic);
      } else {
        log.warn("samples of heat are lost topic={} error={}", topic, failure.toString());
      }
    }
  }

  /** Sends what is buffered; waits at most 2 s. */
  @Override
  public void close() {
    producer.close(CLOSE_BOUND);
  }
}
