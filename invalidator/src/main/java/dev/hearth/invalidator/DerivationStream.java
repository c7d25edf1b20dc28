package dev.hearth.invalidator;

import dev.hearth.chassis.Component;
import dev.hearth.chassis.health.Health;
import dev.hearth.chassis.health.Heartbeat;
import dev.hearth.chassis.health.Readiness;
import dev.hearth.chassis.metrics.LagTimer;
import dev.hearth.chassis.metrics.Metric;
import dev.hearth.chassis.metrics.Metrics;
import dev.hearth.chassis.metrics.Phase;
import dev.hearth.invalidator.derivation.InvalidationTopology;
import dev.hearth.invalidator.derivation.Rules;
import dev.hearth.invalidator.rows.Rows;
import dev.hearth.schemas.topic.Topics;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.streams.CloseOptions;
import org.apache.kafka.streams.CloseOptions.GroupMembershipOperation;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Runs the derivation as a Kafka Streams application. */
final class DerivationStream implements Component {
  private static final Logger LOG = LoggerFactory.getLogger(DerivationStream.class);
  private static final Duration LOOP_BOUND = Duration.ofSeconds(60);
  private static final Duration CLOSE_BOUND = Duration.ofSeconds(10);

  private final Topics topics;
  private final Rules rules;
  private final Map<String, Object> kafka;
  private final Path stateDirectory;
  private final Metrics metrics;
  private final Health health;
  private final Clock clock;
  private final LagTimer captureToDerive;
  private final ScheduledExecutorService pulse;
  private final Map<String, Boolean> rowsComplete = new ConcurrentHashMap<>();
  private final AtomicLong rowEntries = new AtomicLong();
  private @Nullable KafkaStreams streams;

  DerivationStream(
      Topics topics,
      Rules rules,
      Map<String, Object> kafka,
      Path stateDirectory,
      Metrics metrics,
      Health health,
      Clock clock) {
    this.topics = topics;
    this.rules = rules;
    this.kafka = Map.copyOf(kafka);
    this.stateDirectory = stateDirectory;
    this.metrics = metrics;
    this.health = health;
    this.clock = clock;
    this.captureToDerive = metrics.lagTimer(Phase.CAPTURE_TO_DERIVE);
    this.pulse =
        Executors.newSingleThreadScheduledExecutor(
            task -> {
              Thread thread = new Thread(task, "derivation-pulse");
              thread.setDaemon(true);
              return thread;
            });
  }

  /** Group of the stream's consumers, and the beginning of its own topics' names. */
  static String application(Topics topics) {
    return topics.prefix() + "-invalidator";
  }

  @Override
  public String name() {
    return "derivation";
  }

  @Override
  public void start() {
    KafkaStreams started =
        new KafkaStreams(
            InvalidationTopology.build(
                topics,
                rules,
                StoredRows.opening(
                    rules, new RowCounts(), () -> UUID.randomUUID().toString(), clock),
                () -> LogGap.isBefore(application(topics), topics.changes().name(), kafka),
                new Counts(),
                clock),
            properties());
    started.setUncaughtExceptionHandler(
        failure -> {
          LOG.warn("stream thread failed and is replaced", failure);
          return StreamThreadExceptionResponse.REPLACE_THREAD;
        });
    streams = started;
    Heartbeat heartbeat = health.heartbeat(name(), LOOP_BOUND);
    ScheduledFuture<?> unused =
        pulse.scheduleWithFixedDelay(
            () -> {
              if (!started.state().hasNotStarted()
                  && !started.state().isShuttingDown()
                  && !started.state().hasCompletedShutdown()) {
                heartbeat.beat();
              }
            },
            0,
            1,
            TimeUnit.SECONDS);
    health.readiness(
        name(),
        () ->
            started.state() == KafkaStreams.State.RUNNING
                ? Readiness.ready("deriving")
                : Readiness.notReady("the stream is " + started.state()));
    metrics.gauge(Metric.ROW_ENTRIES, rowEntries::get);
    health.readiness("rows", () -> Readiness.ready(rowsSentence()));
    started.start();
  }

  /** While rows are read, too much is voided and nothing too little: no reason not to be ready. */
  private String rowsSentence() {
    List<String> missing =
        rowsComplete.entrySet().stream()
            .filter(entry -> !entry.getValue())
            .map(Map.Entry::getKey)
            .sorted()
            .toList();
    return missing.isEmpty()
        ? "all rows that rules need are stored"
        : "rows are being read of "
            + String.join(", ", missing)
            + "; changes there void whole caches meanwhile";
  }

  @Override
  public void close() {
    pulse.shutdownNow();
    if (streams != null) {
      // Leaves the group, or the next start would wait for this member's session to end.
      streams.close(
          CloseOptions.groupMembershipOperation(GroupMembershipOperation.LEAVE_GROUP)
              .withTimeout(CLOSE_BOUND));
    }
  }

  private Properties properties() {
    Properties properties = new Properties();
    properties.putAll(kafka);
    properties.put(StreamsConfig.APPLICATION_ID_CONFIG, application(topics));
    properties.put(StreamsConfig.STATE_DIR_CONFIG, stateDirectory.toString());
    properties.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 1);
    properties.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.AT_LEAST_ONCE);
    properties.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 1000);
    properties.put(StreamsConfig.PROCESSING_EXCEPTION_HANDLER_GLOBAL_ENABLED_CONFIG, true);
    properties.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, 0);
    properties.put(StreamsConfig.producerPrefix(ProducerConfig.LINGER_MS_CONFIG), "0");
    properties.put(StreamsConfig.producerPrefix(ProducerConfig.ACKS_CONFIG), "all");
    // A batch that was given up on must not be overtaken by the watermark behind it.
    properties.put(
        StreamsConfig.producerPrefix(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG),
        Integer.toString(Integer.MAX_VALUE));
    properties.put(StreamsConfig.producerPrefix(ProducerConfig.COMPRESSION_TYPE_CONFIG), "lz4");
    properties.put(StreamsConfig.consumerPrefix(ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG), "10000");
    properties.put(
        StreamsConfig.consumerPrefix(ConsumerConfig.HEARTBEAT_INTERVAL_MS_CONFIG), "3000");
    return properties;
  }

  private final class Counts implements InvalidationTopology.Listener {
    @Override
    public void derived(Duration lag) {
      captureToDerive.record(lag);
    }

    @Override
    public void generationRaised(String cache, String reason) {
      LOG.info("generation raised cache={} reason={}", cache, reason);
      metrics.counter(Metric.GENERATION_RAISED, cache, reason).increment();
    }

    @Override
    public void deadLetter() {
      LOG.warn("dead letter stage=derivation");
      metrics.counter(Metric.DEAD_LETTERS, "derivation").increment();
    }
  }

  private final class RowCounts implements Rows.Listener {
    @Override
    public void unknown(String table, String reason) {
      metrics.counter(Metric.ROW_UNKNOWN, table, reason).increment();
    }

    @Override
    public void complete(String table, boolean complete) {
      Boolean former = rowsComplete.put(table, complete);
      if (former == null) {
        metrics.gauge(
            Metric.ROWS_COMPLETE,
            () -> Boolean.TRUE.equals(rowsComplete.get(table)) ? 1 : 0,
            table);
      }
      if (former == null || former != complete) {
        LOG.info("rows table={} complete={}", table, complete);
      }
    }

    @Override
    public void entries(long count) {
      rowEntries.set(count);
    }
  }
}
