package dev.hearth.invalidator;

import dev.hearth.chassis.Component;
import dev.hearth.chassis.config.HearthConfig;
import dev.hearth.chassis.http.Routes;
import dev.hearth.chassis.metrics.Metrics;
import dev.hearth.invalidator.lineage.LineageRecorder;
import dev.hearth.invalidator.lineage.WhyRoutes;
import dev.hearth.invalidator.live.EventRoutes;
import dev.hearth.invalidator.live.LiveEvents;
import dev.hearth.schemas.topic.Topics;
import dev.hearth.store.FencedStore;
import java.time.Clock;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * Records what happens to keys, and tells it: {@code GET /v1/why}, and as it comes, {@code GET
 * /v1/events}.
 */
public final class Lineage implements Component {
  private static final long BYTES_IN_A_MEGABYTE = 1_000_000;

  private final LineageRecorder recorder;
  private final WhyRoutes why;
  private final LiveEvents live;
  private final EventRoutes events;

  /**
   * Wires it; nothing is connected before {@link #start}.
   *
   * @param kafka properties of every Kafka client, bootstrap servers among them
   * @param readers by store, to look what they hold; they stay the caller's
   */
  public Lineage(
      HearthConfig config,
      Topics topics,
      Map<String, Object> kafka,
      Map<String, FencedStore> readers,
      Metrics metrics,
      Clock clock) {
    this.recorder =
        new LineageRecorder(
            config.dataDirectory().resolve("lineage").resolve(topics.prefix()),
            config.lineage().diskMegabytes() * BYTES_IN_A_MEGABYTE,
            topics,
            () -> consumer(topics, kafka, "lineage", "none"),
            topic -> TopicId.of(topic, kafka),
            metrics,
            clock);
    this.why = new WhyRoutes(config, topics, readers, recorder, clock);
    this.live = new LiveEvents(topics, () -> consumer(topics, kafka, "live", "latest"));
    this.events = new EventRoutes(live, config.caches().keySet());
  }

  @Override
  public String name() {
    return recorder.name();
  }

  @Override
  public void start() {
    recorder.start();
  }

  @Override
  public void close() throws InterruptedException {
    live.close();
    why.close();
    recorder.close();
  }

  public Routes routes() {
    return routes -> {
      why.register(routes);
      events.register(routes);
    };
  }

  private static KafkaConsumer<byte[], byte[]> consumer(
      Topics topics, Map<String, Object> kafka, String purpose, String reset) {
    Map<String, Object> properties = new HashMap<>(kafka);
    properties.put(ConsumerConfig.CLIENT_ID_CONFIG, topics.prefix() + "-" + purpose);
    properties.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, "false");
    properties.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, reset);
    properties.put(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, "5000");
    return new KafkaConsumer<>(
        properties, new ByteArrayDeserializer(), new ByteArrayDeserializer());
  }
}
