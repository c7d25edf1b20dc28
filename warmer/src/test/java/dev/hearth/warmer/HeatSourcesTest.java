package dev.hearth.warmer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.chassis.config.HearthConfig;
import dev.hearth.chassis.health.Health;
import dev.hearth.sandbox.RedisServer;
import dev.hearth.schemas.access.AccessReport;
import dev.hearth.schemas.topic.Topics;
import io.lettuce.core.RedisClient;
import io.lettuce.core.api.StatefulRedisConnection;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;

/** A store whose clients cannot report, to reports on the topic. */
class HeatSourcesTest {
  private static final Duration BOUND = Duration.ofSeconds(60);

  private final String prefix = "sources-" + UUID.randomUUID();
  private final Topics topics = new Topics(prefix);
  private final Health health = new Health();

  @Test
  void publishesTheCountersOfRedisAsReportsOfASourceOfThatName() {
    RealServers.createTopics(topics);
    RedisServer redis = RealServers.get().startRedis("maxmemory-policy allkeys-lfu");
    RedisClient client = RedisClient.create(redis.uri());
    try (StatefulRedisConnection<String, String> connection = client.connect();
        HeatSources sources = sources(redis, new HearthConfig.Rate(1_000, Duration.ofSeconds(1)))) {
      connection.sync().set("product:1", "x");
      connection.sync().set("session:1", "x");
      for (int read = 0; read < 2_000; read++) {
        connection.sync().get("product:1");
      }
      sources.start();

      Set<String> keys = new HashSet<>();
      Set<String> clients = new HashSet<>();
      Instant deadline = Instant.now().plus(BOUND);
      try (KafkaConsumer<String, AccessReport> consumer =
          new KafkaConsumer<>(
              Map.copyOf(RealServers.kafka()),
              topics.accesses().key().deserializer(),
              topics.accesses().value().deserializer())) {
        List<TopicPartition> all =
            java.util.stream.IntStream.range(0, topics.accesses().partitions())
                .mapToObj(each -> new TopicPartition(topics.accesses().name(), each))
                .toList();
        consumer.assign(all);
        consumer.seekToBeginning(all);
        while (keys.isEmpty() && Instant.now().isBefore(deadline)) {
          for (ConsumerRecord<String, AccessReport> record :
              consumer.poll(Duration.ofMillis(200))) {
            clients.add(record.value().client());
            record.value().counts().forEach(count -> keys.add(count.cache() + "/" + count.key()));
          }
        }
      }

      assertThat(keys).containsExactly("product/product:1");
      assertThat(clients).containsExactly("sampled:redis");
      assertThat(health.live().fine()).isTrue();
    } finally {
      client.shutdown(Duration.ZERO, Duration.ofSeconds(2));
      redis.stop();
    }
  }

  @Test
  void opensNothingWhereNoCacheIsSampled() {
    RedisServer redis = RealServers.get().redis();
    try (HeatSources sources = sources(redis, new HearthConfig.Rate(0, Duration.ofSeconds(1)))) {
      sources.start();

      assertThat(health.live().checks()).isEmpty();
    }
  }

  private HeatSources sources(RedisServer redis, HearthConfig.Rate samples) {
    HearthConfig config =
        new HearthConfig(
            new HearthConfig.Source(
                new HearthConfig.Postgres("jdbc:x", "x", null, "x", "x", List.of())),
            new HearthConfig.Kafka("x:1", prefix, Map.of()),
            new HearthConfig.Freshness(
                HearthConfig.WhenStale.DATABASE, new HearthConfig.Rate(1, Duration.ofSeconds(1))),
            Map.of("redis", new HearthConfig.Redis(List.of(redis.uri()))),
            Map.of(
                "product",
                new HearthConfig.Cache(
                    List.of("redis"),
                    "product:{id}",
                    Duration.ofHours(1),
                    HearthConfig.Mode.PLAIN,
                    Duration.ofSeconds(5),
                    null,
                    false,
                    Duration.ofMinutes(10),
                    samples)),
            List.of(),
            Map.of(),
            new HearthConfig.Hooks(null, Duration.ofMinutes(5)),
            new HearthConfig.Http("127.0.0.1", 0, null),
            new HearthConfig.Lineage(0),
            Path.of("nowhere"));
    return new HeatSources(
        config, topics, Map.copyOf(RealServers.kafka()), health, Clock.systemUTC());
  }
}
