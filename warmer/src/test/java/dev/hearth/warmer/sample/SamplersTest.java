package dev.hearth.warmer.sample;

import static dev.hearth.warmer.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.hazelcast.config.MapConfig;
import com.hazelcast.map.IMap;
import dev.hearth.sandbox.RedisServer;
import dev.hearth.sandbox.Sandbox;
import dev.hearth.sandbox.Server;
import dev.hearth.schemas.access.AccessReport;
import dev.hearth.schemas.key.KeyTemplate;
import dev.hearth.warmer.sample.KeySampler.Sighting;
import io.lettuce.core.HotkeysArgs;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.sync.RedisCommands;
import java.time.Clock;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The statistics that real stores keep of their keys. */
class SamplersTest {
  private static final List<SampledCache> CACHES =
      List.of(
          new SampledCache(
              "product", KeyTemplate.parse("product:{id}"), List.of("redis", "hazelcast"), 100),
          new SampledCache(
              "page", KeyTemplate.parse("page:{id}"), List.of("redis", "hazelcast"), 100));
  private static final String COUNTED = "counted";
  private static final String UNCOUNTED = "uncounted";

  private static Sandbox sandbox;
  private static RedisServer redis;
  private static RedisClient client;
  private static StatefulRedisConnection<String, String> connection;

  @BeforeAll
  static void start() {
    sandbox =
        Sandbox.builder()
            .servers(Server.HAZELCAST)
            .hazelcastConfig(
                config ->
                    config.addMapConfig(
                        new MapConfig(COUNTED + ".entries").setPerEntryStatsEnabled(true)))
            .start();
    // By default a counter falls each minute, and a slow machine needs minutes.
    redis = sandbox.startRedis("maxmemory-policy allkeys-lfu", "lfu-decay-time 1000");
    client = RedisClient.create(redis.uri());
    connection = client.connect();
  }

  @AfterAll
  static void stop() {
    connection.close();
    client.shutdown(Duration.ZERO, Duration.ofSeconds(2));
    sandbox.close();
  }

  @Test
  void ranksTheKeysOfRedisByItsCountersAndKnowsOnlyTheCachesKeys() throws Exception {
    RedisCommands<String, String> commands = connection.sync();
    commands.flushall();
    commands.configSet("maxmemory-policy", "allkeys-lfu");
    for (int i = 1; i <= 20; i++) {
      commands.set("product:" + i, "x");
      commands.set("session:" + i, "x");
    }
    commands.set("page:1", "x");
    read(commands, "product:1", 3_000);
    read(commands, "page:1", 300);
    read(commands, "session:1", 3_000);

    Map<String, Sighting> found = new HashMap<>();
    try (RedisSampler sampler = new RedisSampler("redis", RedisURI.create(redis.uri()), CACHES)) {
      KeySampler.Step step = sampler.next(1_000);
      assertThat(step.keysPerRound()).isEqualTo(41);
      step.sightings().forEach(each -> found.put(each.key(), each));
    }

    assertThat(found.keySet())
        .contains("product:1", "page:1")
        .noneMatch(key -> key.startsWith("session"));
    Sighting hot = Objects.requireNonNull(found.get("product:1"));
    Sighting warm = Objects.requireNonNull(found.get("page:1"));
    assertThat(hot.cache()).isEqualTo("product");
    assertThat(warm.cache()).isEqualTo("page");
    assertThat(hot.readsPerSecond()).isGreaterThan(warm.readsPerSecond());
    assertThat(warm.readsPerSecond())
        .isGreaterThan(
            found.values().stream()
                .filter(each -> each != hot && each != warm)
                .mapToDouble(Sighting::readsPerSecond)
                .max()
                .orElse(0));
  }

  @Test
  void walksOverAllKeysOfRedisAFewAtATimeAndReadsNone() throws Exception {
    RedisCommands<String, String> commands = connection.sync();
    commands.flushall();
    commands.configSet("maxmemory-policy", "allkeys-lfu");
    for (int i = 1; i <= 500; i++) {
      commands.set("product:" + i, "x");
      read(commands, "product:" + i, 5);
    }

    Map<String, Sighting> found = new HashMap<>();
    try (RedisSampler sampler = new RedisSampler("redis", RedisURI.create(redis.uri()), CACHES)) {
      for (int step = 0; step < 200 && found.size() < 500; step++) {
        KeySampler.Step each = sampler.next(20);
        // SCAN promises about as many, and whole buckets of its table.
        assertThat(each.sightings().size()).isLessThan(100);
        each.sightings().forEach(sighting -> found.put(sighting.key(), sighting));
      }
    }

    assertThat(found).hasSize(500);
  }

  @Test
  void saysThatRedisCountsNothingUnderAnotherPolicyAndBeginsWhenItDoes() throws Exception {
    RedisCommands<String, String> commands = connection.sync();
    commands.flushall();
    commands.configSet("maxmemory-policy", "allkeys-lru");
    commands.set("product:1", "x");

    try (RedisSampler sampler = new RedisSampler("redis", RedisURI.create(redis.uri()), CACHES)) {
      if (RedisHotKeys.isIn(commands)) {
        assertThat(sampler.next(100).sightings()).as("a session begins").isEmpty();
      } else {
        assertThatThrownBy(() -> sampler.next(100))
            .isInstanceOf(SamplingException.class)
            .hasMessage(
                "store redis: Redis counts no accesses, for its maxmemory-policy is none of LFU; set"
                    + " maxmemory-policy to allkeys-lfu or volatile-lfu, use Redis 8.6 or later, or"
                    + " have the clients report (docs/heat.md)");
      }

      commands.configSet("maxmemory-policy", "allkeys-lfu");
      commands.set("product:1", "x");
      read(commands, "product:1", 100);
      assertThat(sampler.next(100).sightings())
          .extracting(Sighting::key)
          .containsExactly("product:1");
    }
  }

  /**
   * By hand on a server that has them, such as 8.6.3: with its redis-server on the PATH. The
   * build's own has not, and says so.
   */
  @Test
  void ranksTheKeysThatRedisSpendsMostOfItsTimeOnWhereItTellsThem() throws Exception {
    RedisCommands<String, String> commands = connection.sync();
    commands.flushall();
    commands.configSet("maxmemory-policy", "allkeys-lru");
    commands.set("product:1", "x");
    commands.set("product:2", "x");
    if (!RedisHotKeys.isIn(commands)) {
      assertThatThrownBy(() -> commands.hotkeysGet()).hasMessageContaining("unknown command");
      return;
    }

    Map<String, Sighting> found = new HashMap<>();
    try (RedisSampler sampler =
        new RedisSampler("redis", RedisURI.create(redis.uri()), CACHES, Duration.ofMillis(1))) {
      assertThat(sampler.next(100).sightings()).isEmpty();
      read(commands, "product:1", 20_000);
      read(commands, "product:2", 2_000);
      read(commands, "session:1", 2_000);
      KeySampler.Step step = sampler.next(100);
      step.sightings().forEach(each -> found.put(each.key(), each));
      assertThat(found.keySet()).containsExactlyInAnyOrder("product:1", "product:2");
      double hot = Objects.requireNonNull(found.get("product:1")).readsPerSecond();
      double warm = Objects.requireNonNull(found.get("product:2")).readsPerSecond();
      // Ten times as often; commands differ in their cost, the more so on a busy machine.
      assertThat(hot / warm).isGreaterThan(3);
      assertThat(hot * step.keysPerRound() / 200).as("reads").isBetween(5_000.0, 80_000.0);

      commands.hotkeysStop();
      assertThat(sampler.next(100).sightings()).as("somebody ended it").isEmpty();
      commands.hotkeysStop();
      commands.hotkeysStart(new HotkeysArgs().metrics(HotkeysArgs.Metric.NET));
      try (RedisSampler other = new RedisSampler("redis", RedisURI.create(redis.uri()), CACHES)) {
        assertThatThrownBy(() -> other.next(100))
            .isInstanceOf(SamplingException.class)
            .hasMessage(
                "store redis: Redis counts no accesses, and its HOTKEYS are not to be had: ERR"
                    + " hotkey tracking session already in progress; set maxmemory-policy to"
                    + " allkeys-lfu or volatile-lfu, or have the clients report (docs/heat.md)");
      }
      commands.hotkeysStop();
    }
  }

  @Test
  void countsTheTimeOfAKeyInCommandsOfAverageCost() {
    Map<String, Long> micros = Map.of("product:1", 600L, "page:7", 30L, "session:1", 300L);

    assertThat(RedisHotKeys.sightings(CACHES, micros, 1_000, 500, 10))
        .containsExactlyInAnyOrder(
            new Sighting("product", "product:1", 30), new Sighting("page", "page:7", 1.5));
    assertThat(RedisHotKeys.sightings(CACHES, micros, 0, 500, 10)).isEmpty();
    assertThat(RedisHotKeys.sightings(CACHES, Map.of("product:1", 0L), 1_000, 500, 10)).isEmpty();
  }

  @Test
  void saysThatRedisIsAwayAndIsThereAgainWhenItIs() throws Exception {
    RedisServer other = sandbox.startRedis("maxmemory-policy allkeys-lfu");
    try (RedisSampler sampler = new RedisSampler("redis", RedisURI.create(other.uri()), CACHES)) {
      sampler.next(10);
      other.stop();
      assertThatThrownBy(() -> sampler.next(10))
          .isInstanceOf(SamplingException.class)
          .hasMessageStartingWith("store redis: Redis cannot be sampled: ")
          .hasMessageEndingWith("; it is asked again");

      other.start();
      assertThat(sampler.next(10).sightings()).isEmpty();
    }
  }

  @Test
  void ranksTheEntriesOfHazelcastByTheirHitsAndReadsNone() throws Exception {
    IMap<String, Object> entries = sandbox.hazelcast().member().getMap(COUNTED + ".entries");
    entries.clear();
    for (int i = 1; i <= 50; i++) {
      entries.put("product/product:" + i, new byte[] {1});
      entries.get("product/product:" + i);
    }
    entries.put("page/page:1", new byte[] {1});
    entries.put("elsewhere/page:1", new byte[] {1});
    entries.put("page/elsewhere:1", new byte[] {1});
    for (int read = 0; read < 20_000; read++) {
      entries.get("product/product:1");
    }

    Map<String, Sighting> found = new HashMap<>();
    try (HazelcastSampler sampler = hazelcast(COUNTED)) {
      // One partition or less in a step.
      for (int step = 0; step < 2_000 && found.size() < 50; step++) {
        sampler.next(10).sightings().forEach(each -> found.put(each.key(), each));
      }
    }

    assertThat(found).hasSize(50).doesNotContainKey("page:1");
    Sighting hot = Objects.requireNonNull(found.get("product:1"));
    assertThat(
            found.values().stream()
                .filter(each -> each != hot)
                .mapToDouble(Sighting::readsPerSecond))
        .allMatch(rate -> rate < hot.readsPerSecond());
    assertThat(entries.getEntryView("product/product:2").getHits()).isEqualTo(1);
  }

  @Test
  void saysThatHazelcastKeepsNoStatisticsOfItsEntries() {
    sandbox.hazelcast().member().getMap(UNCOUNTED + ".entries").put("product/product:1", "x");

    try (HazelcastSampler sampler = hazelcast(UNCOUNTED)) {
      assertThatThrownBy(() -> sampler.next(10))
          .isInstanceOf(SamplingException.class)
          .hasMessage(
              "store hazelcast: Hazelcast keeps no statistics of the entries of its map"
                  + " uncounted.entries; configure the map on the members with"
                  + " per-entry-stats-enabled: true, or have the clients report (docs/heat.md)");
    }
  }

  @Test
  void reportsWhatItSamplesAsAClientOfItsOwn() {
    IMap<String, Object> entries = sandbox.hazelcast().member().getMap(COUNTED + ".entries");
    entries.clear();
    entries.put("product/product:7777", new byte[] {1});
    for (int read = 0; read < 100_000; read++) {
      entries.get("product/product:7777");
    }
    Queue<AccessReport> reports = new ConcurrentLinkedQueue<>();
    try (HeatSampling sampling =
        new HeatSampling(
            "hazelcast",
            hazelcast(COUNTED),
            1_000,
            Duration.ofMillis(10),
            reports::add,
            Clock.systemUTC(),
            () -> {})) {
      sampling.start();

      eventually(
          () -> List.copyOf(reports),
          all ->
              assertThat(all)
                  .anySatisfy(
                      report -> {
                        assertThat(report.client()).isEqualTo("sampled:hazelcast");
                        assertThat(report.counts())
                            .anySatisfy(
                                count -> {
                                  assertThat(count.key()).isEqualTo("product:7777");
                                  assertThat(count.reads()).isPositive();
                                });
                      }));
    }
  }

  private static HazelcastSampler hazelcast(String prefix) {
    return new HazelcastSampler(
        "hazelcast",
        List.of(sandbox.hazelcast().address()),
        sandbox.hazelcast().clusterName(),
        prefix,
        CACHES);
  }

  private static void read(RedisCommands<String, String> commands, String key, int times) {
    for (int i = 0; i < times; i++) {
      commands.get(key);
    }
  }
}
