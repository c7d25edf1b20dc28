package dev.hearth.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import dev.hearth.chassis.StartupException;
import dev.hearth.chassis.config.ConfigException;
import dev.hearth.chassis.config.ConfigLoader;
import dev.hearth.chassis.config.HearthConfig;
import dev.hearth.chassis.config.Problem;
import dev.hearth.chassis.kafka.KafkaTopics;
import dev.hearth.cli.plan.Plan;
import dev.hearth.cli.plan.PresentRows;
import dev.hearth.cli.plan.ReportText;
import dev.hearth.cli.shop.demo.Screen;
import dev.hearth.ingest.SourceRows;
import dev.hearth.invalidator.Invalidator;
import dev.hearth.schemas.change.ChangeEvent;
import dev.hearth.schemas.change.ChangeRecord;
import dev.hearth.schemas.codec.UnreadableRecordException;
import dev.hearth.schemas.topic.Topic;
import dev.hearth.schemas.topic.Topics;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndTimestamp;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** What rules would do, before they do it. */
@Command(
    name = "plan",
    description =
        "Tries the rules of a configuration on changes as they come, or on recorded ones, and says"
            + " what they would take out. Touches nothing: joins no group, publishes nothing, and"
            + " only reads on the source.",
    mixinStandardHelpOptions = true)
final class PlanCommand implements Callable<Integer> {
  private static final Duration POLL = Duration.ofMillis(200);
  private static final Duration LATE = Duration.ofSeconds(1);
  private static final Duration API_BOUND = Duration.ofSeconds(10);
  private static final ObjectMapper JSON =
      JsonMapper.builder()
          .addModule(new JavaTimeModule())
          .disable(SerializationFeature.WRITE_DATES_AS_TIMESTAMPS)
          .build();

  @Spec private CommandSpec spec = CommandSpec.create();
  @Mixin private ConfigOptions config = new ConfigOptions();

  @Option(
      names = "--against",
      paramLabel = "FILE",
      defaultValue = "${env:HEARTH_AGAINST}",
      description = "The configuration that runs now: says what it did differently.")
  private @Nullable Path against;

  @Option(
      names = "--for",
      paramLabel = "DURATION",
      converter = DurationText.class,
      description = "Changes as they come, for so long; default: 60s.")
  private @Nullable Duration live;

  @Option(
      names = "--recorded",
      paramLabel = "DURATION",
      converter = DurationText.class,
      description = "Instead: the changes of so long ago until now, as far as they are kept.")
  private @Nullable Duration recorded;

  @Mixin private OutputOptions output = new OutputOptions();

  @Override
  public Integer call() {
    Logging.off();
    Duration span = recorded == null ? live == null ? Duration.ofSeconds(60) : live : recorded;
    if (live != null && recorded != null) {
      throw new ParameterException(
          spec.commandLine(), "Name one of --for and --recorded, not both.");
    }
    if (span.isZero() || span.isNegative()) {
      throw new ParameterException(
          spec.commandLine(), "The time is " + span.toMillis() + " ms; expected more than 0.");
    }
    HearthConfig rules = config.load().config();
    Optional<HearthConfig> other =
        Optional.ofNullable(against)
            .map(file -> ConfigLoader.load(file, System.getenv(), Map.of()).config());
    other.ifPresent(old -> requireOneStream(rules, old));
    Plan.Report report = tried(rules, other, span);
    PrintWriter out = spec.commandLine().getOut();
    out.print(output.text(JSON.valueToTree(report), () -> ReportText.of(report)));
    out.flush();
    return 0;
  }

  private Plan.Report tried(HearthConfig rules, Optional<HearthConfig> other, Duration span) {
    // Mistakes that can be seen without any server come first.
    boolean joins = !Invalidator.check(rules).joinedTables().isEmpty();
    other.ifPresent(Invalidator::check);
    SourceRows present;
    try {
      present = SourceRows.open(rules, other);
    } catch (StartupException e) {
      if (joins) {
        throw e;
      }
      return tried(rules, other, span, PresentRows.none(String.valueOf(e.getMessage())));
    }
    try (present) {
      return tried(rules, other, span, new AskedSource(present));
    } catch (SQLException e) {
      throw new IllegalStateException("the connection to the source cannot be closed", e);
    }
  }

  private Plan.Report tried(
      HearthConfig rules, Optional<HearthConfig> other, Duration span, PresentRows present) {
    Plan plan = new Plan(rules, other, present);
    read(rules, span, plan);
    return plan.report();
  }

  private static void requireOneStream(HearthConfig rules, HearthConfig old) {
    String prefix = rules.kafka().topicPrefix();
    if (!old.kafka().topicPrefix().equals(prefix)) {
      throw new ConfigException(
          List.of(
              new Problem(
                  "kafka.topicPrefix",
                  "is "
                      + prefix
                      + ", and "
                      + old.kafka().topicPrefix()
                      + " in --against; rules are compared on the changes of one installation")));
    }
  }

  private void read(HearthConfig rules, Duration span, Plan plan) {
    Topic<String, ChangeRecord> topic = new Topics(rules.kafka().topicPrefix()).changes();
    TopicPartition partition = new TopicPartition(topic.name(), 0);
    Map<String, Object> properties =
        new HashMap<>(
            KafkaTopics.clientProperties(
                rules.kafka().bootstrapServers(), rules.kafka().properties()));
    properties.put(ConsumerConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, (int) API_BOUND.toMillis());
    properties.put(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, false);
    properties.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
    try (KafkaConsumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(properties, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      if (consumer.partitionsFor(topic.name()).isEmpty()) {
        throw new StartupException(
            "there is no topic "
                + topic.name()
                + " yet, and so no change to try rules on; start `hearth run`, or check"
                + " kafka.topicPrefix",
            Hearth.FAILED);
      }
      consumer.assign(List.of(partition));
      long end = consumer.endOffsets(List.of(partition)).getOrDefault(partition, 0L);
      long begin = consumer.beginningOffsets(List.of(partition)).getOrDefault(partition, 0L);
      long from = recorded == null ? end : from(consumer, partition, span, end);
      consumer.seek(partition, from);
      if (recorded != null && from == begin && begin > 0) {
        screen().say("The changes of " + span + " ago are not kept any more; what is, is read.");
      }
      follow(consumer, partition, topic, span, end, plan);
    } catch (KafkaException e) {
      throw new StartupException(
          "kafka.bootstrapServers: "
              + rules.kafka().bootstrapServers()
              + " does not answer within "
              + API_BOUND.toSeconds()
              + " s ("
              + e.getMessage()
              + "); check the address and that the broker runs",
          Hearth.FAILED,
          e);
    }
  }

  private static long from(
      KafkaConsumer<?, ?> consumer, TopicPartition partition, Duration span, long end) {
    long time = Instant.now().minus(span).toEpochMilli();
    return Optional.ofNullable(consumer.offsetsForTimes(Map.of(partition, time)).get(partition))
        .map(OffsetAndTimestamp::offset)
        .orElse(end);
  }

  private void follow(
      KafkaConsumer<byte[], byte[]> consumer,
      TopicPartition partition,
      Topic<String, ChangeRecord> topic,
      Duration span,
      long end,
      Plan plan) {
    Screen screen = screen();
    long began = System.nanoTime();
    long first = consumer.position(partition);
    boolean over = false;
    while (!over && !Thread.currentThread().isInterrupted()) {
      long at = consumer.position(partition);
      Duration took = Duration.ofNanos(System.nanoTime() - began);
      over = recorded == null ? took.compareTo(span) >= 0 : at >= end;
      screen.status(
          String.format(
              Locale.ROOT,
              "%s  %,d changes",
              recorded == null
                  ? took.toSeconds() + " s of " + span.toSeconds() + " s"
                  : (end == first ? 100 : 100 * (at - first) / (end - first)) + " %",
              plan.changes()));
      if (!over) {
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
          if (recorded == null && System.nanoTime() - began >= span.toNanos()) {
            over = true;
            Duration behind =
                Duration.between(Instant.ofEpochMilli(record.timestamp()), Instant.now());
            if (behind.compareTo(LATE) > 0) {
              screen.say(
                  "The changes of the last "
                      + behind.toSeconds()
                      + " s were not tried any more: look-ups took longer than changes took to come.");
            }
          }
          if (over || (recorded != null && record.offset() >= end)) {
            break;
          }
          see(record, topic, plan, screen);
        }
      }
    }
    screen.endLine();
  }

  private static void see(
      ConsumerRecord<byte[], byte[]> record,
      Topic<String, ChangeRecord> topic,
      Plan plan,
      Screen screen) {
    try {
      if (topic.value().deserializer().deserialize(topic.name(), record.value())
          instanceof ChangeEvent change) {
        plan.see(
            change,
            record.key() == null
                ? change.table()
                : new String(record.key(), StandardCharsets.UTF_8));
      }
    } catch (UnreadableRecordException e) {
      screen.say("A record at offset " + record.offset() + " was left out: " + e.getMessage());
    }
  }

  /** On stderr, so that what is printed stays what was asked for. */
  private static Screen screen() {
    return new Screen(System.err, OutputOptions.terminalWidth());
  }
}
