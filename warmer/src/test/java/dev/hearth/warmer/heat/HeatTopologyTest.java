package dev.hearth.warmer.heat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;

import dev.hearth.chassis.metrics.Metric;
import dev.hearth.chassis.metrics.Metrics;
import dev.hearth.schemas.access.AccessReport;
import dev.hearth.schemas.access.AccessReport.KeyCount;
import dev.hearth.schemas.access.HotKeys;
import dev.hearth.schemas.codec.WireCodec;
import dev.hearth.schemas.topic.Topics;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.TestInputTopic;
import org.apache.kafka.streams.TestOutputTopic;
import org.apache.kafka.streams.TopologyTestDriver;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.test.TestRecord;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HeatTopologyTest {
  private static final Instant T0 = Instant.parse("2026-11-23T08:00:00Z");
  private static final Duration HALF_LIFE = Duration.ofMinutes(1);
  private static final HeatSettings SETTINGS =
      new HeatSettings(HALF_LIFE, 1_000, 4, 1_024, Duration.ofSeconds(1), Duration.ofSeconds(5));

  private final Topics topics = new Topics("hearth");
  private final Metrics metrics = new Metrics("test");
  private Path stateDirectory;
  private TopologyTestDriver driver;
  private TestInputTopic<byte[], byte[]> accesses;
  private TestOutputTopic<String, HotKeys> hotKeys;
  private TestOutputTopic<byte[], byte[]> deadLetters;

  @BeforeEach
  void start(@TempDir Path directory) {
    stateDirectory = directory;
    start(SETTINGS);
  }

  private void start(HeatSettings settings) {
    driver =
        new TopologyTestDriver(
            HeatTopology.build(topics, Set.of("product", "page"), settings, metrics),
            HeatTopology.configuration(
                Map.of("bootstrap.servers", "nowhere:9092"), "heat-test", stateDirectory),
            T0);
    accesses =
        driver.createInputTopic(
            topics.accesses().name(), new ByteArraySerializer(), new ByteArraySerializer());
    hotKeys =
        driver.createOutputTopic(
            topics.hotKeys().name(),
            new StringDeserializer(),
            topics.hotKeys().value().deserializer());
    deadLetters =
        driver.createOutputTopic(
            topics.deadLetters().name(), new ByteArrayDeserializer(), new ByteArrayDeserializer());
  }

  @AfterEach
  void stop() {
    driver.close();
    metrics.close();
  }

  @Test
  void publishesTheRateOfASteadilyReadKey() {
    for (int second = 0; second < 1_200; second += 5) {
      driver.advanceWallClockTime(Duration.ofSeconds(5));
      report("client-1", T0.plusSeconds(second + 5), count("product", "product:1", 500));
    }
    driver.advanceWallClockTime(Duration.ofSeconds(5));

    HotKeys latest = latest("product");

    assertThat(latest.halfLife()).isEqualTo(HALF_LIFE);
    assertThat(latest.asOf()).isEqualTo(T0.plusSeconds(1_200));
    assertThat(latest.keys())
        .singleElement()
        .satisfies(
            key -> {
              assertThat(key.key()).isEqualTo("product:1");
              // 100 reads a second, in lumps of five seconds.
              assertThat(key.readsPerSecond()).isEqualTo(100, offset(4.0));
              assertThat(key.errorPerSecond()).isLessThan(0.01);
            });
  }

  @Test
  void sumsUpTheReportsOfAllClients() {
    report("client-1", T0, count("product", "product:1", 10), count("product", "product:2", 11));
    report("client-2", T0, count("product", "product:1", 10));
    driver.advanceWallClockTime(Duration.ofSeconds(5));

    assertThat(latest("product").keys())
        .extracting(HotKeys.HotKey::key)
        .containsExactly("product:1", "product:2");
  }

  @Test
  void keepsCachesApart() {
    report("client-1", T0, count("product", "product:1", 10), count("page", "page:1", 3));
    driver.advanceWallClockTime(Duration.ofSeconds(5));

    Map<String, HotKeys> latest = latest();
    assertThat(latest).containsOnlyKeys("product", "page");
    assertThat(Objects.requireNonNull(latest.get("page")).keys())
        .extracting(HotKeys.HotKey::key)
        .containsExactly("page:1");
  }

  @Test
  void publishesOnlyWhatChanged() {
    report("client-1", T0, count("product", "product:1", 10));
    driver.advanceWallClockTime(Duration.ofSeconds(5));
    hotKeys.readRecordsToList();

    driver.advanceWallClockTime(Duration.ofMinutes(5));

    assertThat(hotKeys.isEmpty()).isTrue();
  }

  @Test
  void countsWhatIsWrongWithAReportAndTakesTheRest() {
    report(
        "client-1",
        T0,
        count("product", "product:1", 10),
        count("product", "product:2", -5),
        count("product", "product:3", Long.MAX_VALUE),
        count("product", "x".repeat(2_000), 7),
        count("nowhere", "nowhere:1", 7));
    driver.advanceWallClockTime(Duration.ofSeconds(5));

    Map<String, HotKeys> latest = latest();
    assertThat(latest).containsOnlyKeys("product");
    assertThat(Objects.requireNonNull(latest.get("product")).keys())
        .extracting(HotKeys.HotKey::key)
        .containsExactly("product:1");
    assertThat(reports("implausible")).isEqualTo(1);
    assertThat(reports("unknown_cache")).isEqualTo(1);
    assertThat(reports("long_key")).isEqualTo(1);
    assertThat(reports("counted")).isZero();
    assertThat(deadLetters.isEmpty()).isTrue();
  }

  @Test
  void setsUnreadableBytesAsideWithTheReasonAndGoesOn() {
    byte[] key = "client-1".getBytes(StandardCharsets.UTF_8);
    accesses.pipeInput(key, new byte[] {1, 2, 3});
    accesses.pipeInput(
        key, WireCodec.instance().encode(new HotKeys("product", T0, HALF_LIFE, List.of())));
    report("client-1", T0, count("product", "product:1", 1));

    List<TestRecord<byte[], byte[]>> dead = deadLetters.readRecordsToList();
    assertThat(dead).hasSize(2);
    assertThat(dead.get(0).key()).isEqualTo(key);
    assertThat(dead.get(0).value()).containsExactly(1, 2, 3);
    assertThat(header(dead.get(0), "hearth.stage")).isEqualTo("heat");
    assertThat(header(dead.get(0), "__streams.errors.message"))
        .isEqualTo("the value of 3 bytes does not begin with C3 01, Avro's single-object marker");
    assertThat(header(dead.get(0), "__streams.errors.topic")).isEqualTo("hearth.accesses");
    assertThat(header(dead.get(0), "__streams.errors.offset")).isEqualTo("0");
    assertThat(header(dead.get(1), "__streams.errors.message"))
        .isEqualTo("a HotKeys record does not belong on this topic");
    assertThat(reports("unreadable")).isEqualTo(2);
    assertThat(reports("counted")).isEqualTo(1);
  }

  @Test
  void setsATombstoneAside() {
    accesses.pipeInput(new TestRecord<>("client-1".getBytes(StandardCharsets.UTF_8), null));

    TestRecord<byte[], byte[]> dead = deadLetters.readRecord();
    assertThat(dead.value()).isNull();
    assertThat(header(dead, "__streams.errors.message")).isEqualTo("the value is null");
  }

  @Test
  void doesNotLetAClientWhoseClockIsAheadMakeTheOthersOld() {
    report("ahead", T0.plus(Duration.ofDays(365)), count("product", "product:1", 1));
    report("client-1", T0, count("product", "product:2", 10));
    driver.advanceWallClockTime(Duration.ofSeconds(5));

    assertThat(latest("product").keys())
        .extracting(HotKeys.HotKey::key)
        .containsExactly("product:2", "product:1");
  }

  @Test
  void goesOnAfterARestartWhereItWasStored() {
    report("client-1", T0, count("product", "product:1", 100), count("product", "product:2", 50));
    driver.advanceWallClockTime(Duration.ofSeconds(5));
    HotKeys before = latest("product");
    List<KeyValue<String, byte[]>> changelog = new ArrayList<>();
    KeyValueStore<String, byte[]> store = driver.getKeyValueStore(HeatProcessor.STORE);
    try (KeyValueIterator<String, byte[]> all = store.all()) {
      all.forEachRemaining(changelog::add);
    }
    driver.close();

    start(SETTINGS);
    KeyValueStore<String, byte[]> restored = driver.getKeyValueStore(HeatProcessor.STORE);
    changelog.forEach(each -> restored.put(each.key, each.value));
    report("client-1", T0, count("product", "product:3", 75));
    driver.advanceWallClockTime(Duration.ofSeconds(5));

    List<HotKeys.HotKey> after = latest("product").keys();
    assertThat(after)
        .extracting(HotKeys.HotKey::key)
        .containsExactly("product:1", "product:3", "product:2");
    assertThat(List.of(after.get(0), after.get(2))).isEqualTo(before.keys());
  }

  @Test
  void startsColdWhereTheStoredShardIsDamaged() {
    KeyValueStore<String, byte[]> store = driver.getKeyValueStore(HeatProcessor.STORE);
    for (int shard = 0; shard < 4; shard++) {
      store.put("product#" + shard + "/4@60000", new byte[] {7});
    }

    report("client-1", T0, count("product", "product:1", 1));
    driver.advanceWallClockTime(Duration.ofSeconds(5));

    assertThat(latest("product").keys()).hasSize(1);
  }

  @Test
  void publishesAndStoresRecordsFarBelowAMegabyteHoweverLongTheKeys() {
    driver.close();
    start(HeatSettings.defaults());
    for (int part = 0; part < 70; part++) {
      List<KeyCount> counts = new ArrayList<>();
      for (int i = 0; i < 500; i++) {
        counts.add(count("product", "product:" + (part * 500 + i) + "x".repeat(1_000), 1 + i));
      }
      report("client-1", T0, counts.toArray(KeyCount[]::new));
    }
    driver.advanceWallClockTime(Duration.ofSeconds(5));

    HotKeys latest = latest("product");
    assertThat(latest.keys()).hasSizeBetween(500, 10_000);
    assertThat(WireCodec.instance().encode(latest)).hasSizeLessThan(800_000);
    KeyValueStore<String, byte[]> store = driver.getKeyValueStore(HeatProcessor.STORE);
    try (KeyValueIterator<String, byte[]> all = store.all()) {
      all.forEachRemaining(each -> assertThat(each.value).hasSizeLessThan(950_000));
    }
  }

  @Test
  void findsTheHundredHottestKeysOfAZipfStreamWhosePopularityShifts() {
    long seed = Long.getLong("hearth.seed", 20261123L);
    Random random = new Random(seed);
    int keys = 100_000;
    double[] cumulative = zipf(keys, 1.0);
    Map<String, Double> exact = new HashMap<>();
    int reports = 240;
    for (int r = 0; r < reports; r++) {
      Instant at = T0.plusSeconds(2L * r);
      Map<String, Long> counts = new HashMap<>();
      for (int i = 0; i < 4_000; i++) {
        int rank = draw(cumulative, random);
        // Half way through, other keys become the hot ones.
        int id = r < reports / 2 ? rank : keys - 1 - rank;
        counts.merge("product:" + id, 1L, Long::sum);
      }
      double sinceT0 = Duration.between(T0, at).toMillis() / (double) HALF_LIFE.toMillis();
      counts.forEach((key, n) -> exact.merge(key, n * Math.pow(2, sinceT0), Double::sum));
      report(
          "client-" + r % 7,
          at,
          counts.entrySet().stream()
              .map(each -> count("product", each.getKey(), each.getValue()))
              .toArray(KeyCount[]::new));
      driver.advanceWallClockTime(Duration.ofSeconds(2));
    }
    driver.advanceWallClockTime(Duration.ofSeconds(5));

    List<HotKeys.HotKey> found = latest("product").keys();
    Set<String> top = new HashSet<>();
    found.stream().limit(100).forEach(key -> top.add(key.key()));
    List<String> expected =
        exact.entrySet().stream()
            .sorted(Map.Entry.<String, Double>comparingByValue(Comparator.reverseOrder()))
            .limit(100)
            .map(Map.Entry::getKey)
            .toList();
    assertThat(expected.stream().filter(top::contains).count())
        .as("recall of 100, seed %d", seed)
        .isGreaterThanOrEqualTo(97);
    double last = 2.0 * (reports - 1) * 1_000 / HALF_LIFE.toMillis();
    double perSecond = Math.log(2) / HALF_LIFE.toSeconds();
    for (HotKeys.HotKey key : found) {
      double rate = exact.getOrDefault(key.key(), 0.0) / Math.pow(2, last) * perSecond;
      assertThat(rate)
          .as("%s, seed %d", key, seed)
          .isBetween(
              key.readsPerSecond() - key.errorPerSecond() - 1e-3, key.readsPerSecond() + 1e-3);
    }
  }

  private void report(String client, Instant to, KeyCount... counts) {
    AccessReport report = new AccessReport(client, to.minusSeconds(5), to, List.of(counts), 0);
    accesses.pipeInput(
        client.getBytes(StandardCharsets.UTF_8), WireCodec.instance().encode(report));
  }

  private static KeyCount count(String cache, String key, long reads) {
    return new KeyCount(cache, key, reads, 0, Duration.ZERO);
  }

  private HotKeys latest(String cache) {
    return Objects.requireNonNull(latest().get(cache), cache);
  }

  private Map<String, HotKeys> latest() {
    return new HashMap<>(hotKeys.readKeyValuesToMap());
  }

  private double reports(String outcome) {
    return metrics.counter(Metric.ACCESS_REPORTS, outcome).count();
  }

  private static String header(TestRecord<?, ?> record, String name) {
    return new String(record.headers().lastHeader(name).value(), StandardCharsets.UTF_8);
  }

  private static double[] zipf(int keys, double exponent) {
    double[] cumulative = new double[keys];
    double sum = 0;
    for (int i = 0; i < keys; i++) {
      sum += 1 / Math.pow(i + 1, exponent);
      cumulative[i] = sum;
    }
    for (int i = 0; i < keys; i++) {
      cumulative[i] /= sum;
    }
    return cumulative;
  }

  private static int draw(double[] cumulative, Random random) {
    int found = java.util.Arrays.binarySearch(cumulative, random.nextDouble());
    return Math.min(cumulative.length - 1, found < 0 ? -found - 1 : found);
  }
}
