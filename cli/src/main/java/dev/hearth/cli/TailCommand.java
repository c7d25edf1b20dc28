package dev.hearth.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.hearth.chassis.StartupException;
import dev.hearth.chassis.config.ConfigException;
import dev.hearth.chassis.config.HearthConfig;
import dev.hearth.chassis.config.Problem;
import dev.hearth.chassis.config.Suggestion;
import dev.hearth.chassis.kafka.KafkaTopics;
import dev.hearth.schemas.codec.UnreadableRecordException;
import dev.hearth.schemas.invalidation.Invalidation;
import dev.hearth.schemas.invalidation.InvalidationMark;
import dev.hearth.schemas.invalidation.InvalidationRecord;
import dev.hearth.schemas.position.EpochRaised;
import dev.hearth.schemas.position.GenerationRaised;
import dev.hearth.schemas.topic.Topic;
import dev.hearth.schemas.topic.Topics;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Invalidations as they come. */
@Command(
    name = "tail",
    description =
        "Prints invalidations as they come, and what voids a whole cache; on a pipe as one JSON"
            + " object per line.",
    mixinStandardHelpOptions = true)
final class TailCommand implements Callable<Integer> {
  private static final Duration POLL = Duration.ofMillis(200);
  private static final Duration API_BOUND = Duration.ofSeconds(10);
  private static final ObjectMapper JSON = new ObjectMapper();

  @Spec private CommandSpec spec = CommandSpec.create();
  @Mixin private ConfigOptions config = new ConfigOptions();

  @Option(names = "--cache", paramLabel = "NAME", description = "Only of this cache.")
  private @Nullable String cache;

  @Option(
      names = "--limit",
      paramLabel = "N",
      description = "Ends after so many lines; without it, at Ctrl-C.")
  private long limit = Long.MAX_VALUE;

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FORMAT",
      description =
          "How to print it: ${COMPLETION-CANDIDATES}; default: table on a terminal, json on a pipe."
              + " As yaml it is the same as json, which YAML readers take line by line.")
  private @Nullable OutputFormat output;

  @Override
  public Integer call() throws JsonProcessingException {
    Logging.off();
    HearthConfig loaded = config.load().config();
    requireCache(loaded);
    Topic<String, InvalidationRecord> topic =
        new Topics(loaded.kafka().topicPrefix()).invalidations();
    PrintWriter out = spec.commandLine().getOut();
    boolean json = output == null ? System.console() == null : output != OutputFormat.TABLE;
    try (KafkaConsumer<byte[], byte[]> consumer = consumer(loaded)) {
      List<TopicPartition> partitions = partitions(consumer, topic, loaded);
      consumer.assign(partitions);
      consumer.seekToEnd(partitions);
      long printed = 0;
      while (printed < limit && !Thread.currentThread().isInterrupted()) {
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
          Optional<Map<String, Object>> line = line(topic, record);
          if (line.isPresent() && printed < limit) {
            out.println(json ? JSON.writeValueAsString(line.get()) : text(line.get()));
            printed++;
          }
        }
        out.flush();
        if (out.checkError()) {
          // Who read the pipe has gone.
          return 0;
        }
      }
    }
    return 0;
  }

  private void requireCache(HearthConfig loaded) {
    String wanted = cache;
    if (wanted != null && !loaded.caches().containsKey(wanted)) {
      throw new ConfigException(
          List.of(
              new Problem(
                  "--cache",
                  "there is no cache "
                      + wanted
                      + Suggestion.nearest(wanted, loaded.caches().keySet())
                          .map(name -> "; did you mean '" + name + "'?")
                          .orElse("; expected one of " + loaded.caches().keySet()))));
    }
  }

  private static KafkaConsumer<byte[], byte[]> consumer(HearthConfig loaded) {
    Map<String, Object> properties =
        new HashMap<>(
            KafkaTopics.clientProperties(
                loaded.kafka().bootstrapServers(), loaded.kafka().properties()));
    properties.put(ConsumerConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, (int) API_BOUND.toMillis());
    properties.put(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, false);
    return new KafkaConsumer<>(
        properties, new ByteArrayDeserializer(), new ByteArrayDeserializer());
  }

  private static List<TopicPartition> partitions(
      KafkaConsumer<byte[], byte[]> consumer,
      Topic<String, InvalidationRecord> topic,
      HearthConfig loaded) {
    List<TopicPartition> partitions;
    try {
      partitions =
          consumer.partitionsFor(topic.name()).stream()
              .map(info -> new TopicPartition(info.topic(), info.partition()))
              .toList();
    } catch (KafkaException e) {
      throw new StartupException(
          "kafka.bootstrapServers: "
              + loaded.kafka().bootstrapServers()
              + " does not tell of its topics within "
              + API_BOUND.toSeconds()
              + " s ("
              + e.getMessage()
              + "); check the address and that the broker runs",
          Hearth.FAILED,
          e);
    }
    if (partitions.isEmpty()) {
      throw new StartupException(
          "there is no topic "
              + topic.name()
              + " yet; start `hearth run`, or check kafka.topicPrefix",
          Hearth.FAILED);
    }
    return partitions;
  }

  private Optional<Map<String, Object>> line(
      Topic<String, InvalidationRecord> topic, ConsumerRecord<byte[], byte[]> record) {
    InvalidationRecord value;
    try {
      value = topic.value().deserializer().deserialize(topic.name(), record.value());
    } catch (UnreadableRecordException e) {
      return Optional.of(
          fields(
              "unreadable",
              Map.of("partition", record.partition(), "offset", record.offset()),
              String.valueOf(e.getMessage())));
    }
    if (value instanceof Invalidation invalidation) {
      return Optional.of(invalidation).filter(one -> shows(one.cache())).map(TailCommand::fields);
    }
    if (value instanceof InvalidationMark mark
        && mark.mark() instanceof GenerationRaised generation) {
      return Optional.of(generation)
          .filter(one -> shows(one.cache()) && record.partition() == 0)
          .map(one -> fields("generation", Map.of("cache", one.cache()), one.reason()));
    }
    if (value instanceof InvalidationMark mark && mark.mark() instanceof EpochRaised epoch) {
      return Optional.of(epoch)
          .filter(one -> record.partition() == 0)
          .map(one -> fields("epoch", Map.of("source", one.source()), one.reason()));
    }
    return Optional.empty();
  }

  private boolean shows(String name) {
    return cache == null || cache.equals(name);
  }

  private static Map<String, Object> fields(Invalidation invalidation) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("kind", "invalidation");
    fields.put("cache", invalidation.cache());
    fields.put("key", invalidation.key());
    fields.put("position", invalidation.position().toString());
    fields.put("table", invalidation.cause().table());
    fields.put("row", invalidation.cause().row());
    fields.put("transaction", invalidation.cause().transaction());
    fields.put("rule", invalidation.cause().rule());
    fields.put("committedAt", invalidation.committedAt().toString());
    fields.put(
        "derivedAfterMillis",
        Duration.between(invalidation.committedAt(), invalidation.derivedAt()).toNanos() / 1e6);
    return fields;
  }

  private static Map<String, Object> fields(String kind, Map<String, Object> what, String reason) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("kind", kind);
    fields.putAll(what);
    fields.put("reason", reason);
    return fields;
  }

  private static String text(Map<String, Object> line) {
    if (!"invalidation".equals(line.get("kind"))) {
      return String.valueOf(line.get("kind")).toUpperCase(Locale.ROOT) + "  " + line;
    }
    return String.format(
        Locale.ROOT,
        "%-24s %-16s %-32s %s %s  tx %s  %s",
        String.valueOf(line.get("committedAt")).replaceAll("(\\.\\d{3})\\d*Z", "$1Z"),
        line.get("cache"),
        line.get("key"),
        line.get("table"),
        line.get("row"),
        line.get("transaction"),
        line.get("rule"));
  }
}
