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
import dev.hearth.cli.demo.Screen;
import dev.hearth.cli.plan.Plan;
import dev.hearth.cli.plan.RuleComparison;
import dev.hearth.cli.plan.RuleTrial;
import dev.hearth.schemas.change.ChangeEvent;
import dev.hearth.schemas.change.ChangeRecord;
import dev.hearth.schemas.codec.UnreadableRecordException;
import dev.hearth.schemas.topic.Topic;
import dev.hearth.schemas.topic.Topics;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
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
            + " what they would take out. Touches nothing: joins no group, publishes nothing.",
    mixinStandardHelpOptions = true)
final class PlanCommand implements Callable<Integer> {
  private static final Duration POLL = Duration.ofMillis(200);
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
      converter = DemoCommand.DurationText.class,
      description = "Changes as they come, for so long; default: 60s.")
  private @Nullable Duration live;

  @Option(
      names = "--recorded",
      paramLabel = "DURATION",
      converter = DemoCommand.DurationText.class,
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
    Plan plan = new Plan(rules, other);
    read(rules, span, plan);
    Plan.Report report = plan.report();
    PrintWriter out = spec.commandLine().getOut();
    out.print(output.text(JSON.valueToTree(report), () -> table(report)));
    out.flush();
    return 0;
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
    while (!Thread.currentThread().isInterrupted()) {
      long at = consumer.position(partition);
      Duration took = Duration.ofNanos(System.nanoTime() - began);
      if (recorded == null ? took.compareTo(span) >= 0 : at >= end) {
        break;
      }
      screen.status(
          String.format(
              Locale.ROOT,
              "%s  %,d changes",
              recorded == null
                  ? took.toSeconds() + " s of " + span.toSeconds() + " s"
                  : (end == first ? 100 : 100 * (at - first) / (end - first)) + " %",
              plan.changes()));
      for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
        if (recorded != null && record.offset() >= end) {
          break;
        }
        try {
          if (topic.value().deserializer().deserialize(topic.name(), record.value())
              instanceof ChangeEvent change) {
            plan.see(change);
          }
        } catch (UnreadableRecordException e) {
          screen.say("A record at offset " + record.offset() + " was left out: " + e.getMessage());
        }
      }
    }
    screen.endLine();
  }

  /** On stderr, so that what is printed stays what was asked for. */
  private static Screen screen() {
    return new Screen(System.err, System.console() != null && System.getenv("NO_COLOR") == null);
  }

  static String table(Plan.Report report) {
    StringBuilder text = new StringBuilder();
    text.append(
        String.format(
            Locale.ROOT,
            "%,d changes of %s%s%n%n",
            report.changes(),
            report.tables().isEmpty() ? "no table" : String.join(", ", report.tables()),
            report.first() == null
                ? ""
                : ", committed from " + report.first() + " to " + report.last()));
    text.append(
        String.format(
            Locale.ROOT,
            "%-12s %-28s %9s %9s %10s %7s %7s %7s %10s%n",
            "rule",
            "table",
            "changes",
            "fired",
            "keys",
            "most",
            "mean",
            "voids",
            "not known"));
    for (RuleTrial.Report rule : report.rules()) {
      text.append(
          String.format(
              Locale.ROOT,
              "%-12s %-28s %,9d %,9d %,10d %,7d %7.1f %,7d %,10d%n",
              rule.rule(),
              rule.table(),
              rule.changes(),
              rule.fired(),
              rule.keys(),
              rule.mostKeys(),
              rule.meanKeys(),
              rule.voids().values().stream().mapToInt(Integer::intValue).sum(),
              rule.notKnown()));
    }
    for (RuleTrial.Report rule : report.rules()) {
      if (!rule.voids().isEmpty()) {
        text.append(
            String.format(
                Locale.ROOT,
                "%n%s voids whole caches: %s",
                rule.rule(),
                rule.voids().entrySet().stream()
                    .map(each -> each.getKey() + " " + each.getValue() + " times")
                    .collect(Collectors.joining(", "))));
      }
      if (rule.notKnown() > 0) {
        text.append(
            String.format(
                Locale.ROOT,
                "%n%s reads %s of %s, which the changes do not carry, since no rule that ran wanted"
                    + " it: of %,d changes it is not known what it would do",
                rule.rule(),
                String.join(", ", rule.missingColumns()),
                rule.table(),
                rule.notKnown()));
      }
    }
    RuleComparison.Report comparison = report.comparison();
    if (comparison != null) {
      text.append(table(comparison));
    }
    return text.append('\n').toString();
  }

  private static String table(RuleComparison.Report report) {
    StringBuilder text = new StringBuilder();
    text.append(
        String.format(
            Locale.ROOT, "%n%n%-16s %12s %12s %12s%n", "compared", "both", "only old", "only new"));
    line(text, "keys", report.keys());
    line(text, "whole caches", report.voidedCaches());
    for (RuleComparison.Part part : List.of(report.keys(), report.voidedCaches())) {
      part.onlyOldExamples().forEach(each -> text.append("  only old: ").append(each).append('\n'));
      part.onlyNewExamples().forEach(each -> text.append("  only new: ").append(each).append('\n'));
    }
    if (report.notKnown() > 0) {
      text.append(
          String.format(
              Locale.ROOT, "  left out, for want of a column: %,d changes%n", report.notKnown()));
    }
    return text.toString();
  }

  private static void line(StringBuilder text, String what, RuleComparison.Part part) {
    text.append(
        String.format(
            Locale.ROOT,
            "%-16s %,12d %,12d %,12d%n",
            what,
            part.both(),
            part.onlyOld(),
            part.onlyNew()));
  }
}
