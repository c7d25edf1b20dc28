package dev.hearth.warmer.heat;

import static java.time.temporal.ChronoUnit.MICROS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;

import dev.hearth.chassis.metrics.Metric;
import dev.hearth.chassis.metrics.Metrics;
import dev.hearth.schemas.access.AccessReport;
import dev.hearth.schemas.access.AccessReport.KeyCount;
import dev.hearth.schemas.access.Churn;
import dev.hearth.schemas.access.HotKeys;
import dev.hearth.schemas.codec.WireCodec;
import dev.hearth.schemas.invalidation.Cause;
import dev.hearth.schemas.invalidation.Invalidation;
import dev.hearth.schemas.key.KeyTemplate;
import dev.hearth.schemas.position.Position;
import dev.hearth.schemas.position.Watermark;
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
import java.util.stream.IntStream;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.Serde;
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

  private static final Map<String, KeyTemplate> CACHES =
      Map.of(
          "product", KeyTemplate.parse("product:{id}"), "page", KeyTemplate.parse("page:{id}:top"));

  private final Topics topics = new Topics("hearth");
  private final Metrics metrics = new Metrics("test");
  private Path stateDirectory;
  private TopologyTestDriver driver;
  private TestInputTopic<byte[], byte[]> accesses;
  private TestInputTopic<byte[], byte[]> invalidations;
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
            HeatTopology.build(topics, CACHES, settings, metrics),
            HeatTopology.configuration(
                Map.of("bootstrap.servers", "nowhere:9092"), "heat-test", stateDirectory),
            T0);
    accesses =
        driver.createInputTopic(
            topics.accesses().name(), new ByteArraySerializer(), new ByteArraySerializer());
    invalidations =
        driver.createInputTopic(
            topics.invalidations().name(), new ByteArraySerializer(), new ByteArraySerializer());
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
    report("client-1", T0, count("product", "product:1", 10), count("page", "page:1:top", 3));
    driver.advanceWallClockTime(Duration.ofSeconds(5));

    Map<String, HotKeys> latest = latest();
    assertThat(latest).containsOnlyKeys("product", "page");
    assertThat(Objects.requireNonNull(latest.get("page")).keys())
        .extracting(HotKeys.HotKey::key)
        .containsExactly("page:1:top");
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
        count("product", "product:" + "x".repeat(2_000), 7),
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
  void leavesOutInventedKeysBeforeTheyTakeTheCountersOfRealOnes() {
    driver.close();
    start(new HeatSettings(HALF_LIFE, 10, 1, 8, Duration.ofSeconds(1), Duration.ofSeconds(5)));
    KeyCount[] invented = new KeyCount[1_000];
    for (int i = 0; i < invented.length; i++) {
      invented[i] = count("page", i % 2 == 0 ? "page:" + i : "pages:" + i + ":top", 1_000);
    }

    report("client-1", T0, count("page", "page:1:top", 1), count("page", "page:2:top", 2));
    report("client-1", T0, invented);
    driver.advanceWallClockTime(Duration.ofSeconds(5));

    HotKeys latest = latest("page");
    assertThat(latest.keys())
        .extracting(HotKeys.HotKey::key)
        .containsExactly("page:2:top", "page:1:top");
    assertThat(latest.keys().get(0).errorPerSecond()).isZero();
    assertThat(reports("foreign_key")).isEqualTo(1);
  }

  @Test
  void leavesOutCountsWhoseOtherFieldsAreAbsurd() {
    Duration second = Duration.ofSeconds(1);
    List<KeyCount> absurd =
        List.of(
            new KeyCount("product", "product:1", 5, -1, second, 1, 0),
            new KeyCount("product", "product:1", 5, 6, second, 1, 0),
            new KeyCount("product", "product:1", 5, 1, second.negated(), 1, 0),
            new KeyCount("product", "product:1", 5, 1, Duration.of(Long.MAX_VALUE, MICROS), 1, 0),
            new KeyCount("product", "product:1", 5, 1, Duration.of(Long.MIN_VALUE, MICROS), 1, 0),
            new KeyCount("product", "product:1", 5, 0, second, 0, 0),
            new KeyCount("product", "product:1", 5, 1, second, -1, 0),
            new KeyCount("product", "product:1", 5, 1, second, Long.MAX_VALUE, 0),
            new KeyCount("product", "product:1", 5, 1, second, 1, -1),
            new KeyCount("product", "product:1", 5, 1, second, 1, Long.MAX_VALUE));
    for (KeyCount each : absurd) {
      report("client-1", T0, each);
    }
    report("client-1", T0, new KeyCount("product", "product:2", 5, 1, second, 1, 100));
    driver.advanceWallClockTime(Duration.ofSeconds(5));

    assertThat(latest("product").keys())
        .extracting(HotKeys.HotKey::key)
        .containsExactly("product:2");
    assertThat(reports("implausible")).isEqualTo(absurd.size());
    assertThat(reports("counted")).isEqualTo(1);
  }

  @Test
  void leavesOutWhatIsTooOldToWeighAnythingAndCountsTheFutureAsNow() {
    report("late", T0.minus(HALF_LIFE.multipliedBy(21)), count("product", "product:1", 1_000));
    report("late", Instant.ofEpochSecond(-1_000_000_000_000L), count("product", "product:1", 1));
    report("ahead", T0.plus(Duration.ofDays(365_000)), count("product", "product:2", 3));
    report("slightly-ahead", T0.plusSeconds(20), count("product", "product:3", 2));
    driver.advanceWallClockTime(Duration.ofSeconds(5));

    HotKeys latest = latest("product");
    assertThat(latest.keys())
        .extracting(HotKeys.HotKey::key)
        .containsExactly("product:2", "product:3");
    assertThat(latest.asOf()).isEqualTo(T0);
    assertThat(reports("old")).isEqualTo(2);
    assertThat(reports("future")).isEqualTo(1);
    assertThat(reports("counted")).isEqualTo(1);
  }

  @Test
  void tellsWhatLoadsTakeAndHowLargeValuesAre() {
    report(
        "client-1",
        T0,
        new KeyCount("product", "product:1", 9, 3, Duration.ofMillis(30), 2, 1_000),
        // Of a client that does not count its loads: as many as misses.
        new KeyCount("product", "product:2", 8, 4, Duration.ofMillis(20)),
        count("product", "product:3", 7));
    report(
        "client-2", T0, new KeyCount("product", "product:1", 9, 1, Duration.ofMillis(6), 1, 3_000));
    driver.advanceWallClockTime(Duration.ofSeconds(5));

    List<HotKeys.HotKey> keys = latest("product").keys();
    assertThat(keys.get(0).loadMicros()).isEqualTo(12_000, offset(1e-6));
    assertThat(keys.get(0).bytes()).isEqualTo(2_000, offset(1e-6));
    assertThat(keys.get(1).loadMicros()).isEqualTo(5_000, offset(1e-6));
    assertThat(keys.get(1).bytes()).isZero();
    assertThat(keys.get(2).loadMicros()).isZero();
  }

  @Test
  void namesTheKeysThatAreWrittenMoreOftenThanRead() {
    for (int second = 0; second < 600; second += 5) {
      driver.advanceWallClockTime(Duration.ofSeconds(5));
      Instant at = T0.plusSeconds(second + 5);
      report("client-1", at, count("product", "product:1", 50), count("product", "product:2", 10));
      for (int write = 0; write < 20; write++) {
        invalidate("product", "product:2", 1_000L * second + write, at);
      }
      invalidate("product", "product:1", 1_000L * second, at);
      invalidate("product", "never-read:1", 1_000L * second + 1, at);
      invalidate("elsewhere", "product:1", 1_000L * second + 2, at);
    }
    driver.advanceWallClockTime(Duration.ofSeconds(5));
    driver.advanceWallClockTime(Duration.ofSeconds(5));

    HotKeys latest = latest("product");
    HotKeys.HotKey steady = latest.keys().get(0);
    HotKeys.HotKey churning = latest.keys().get(1);
    assertThat(latest.keys()).hasSize(2);
    assertThat(steady.key()).isEqualTo("product:1");
    // 0.2 and 4 writes a second, in lumps of five seconds.
    assertThat(steady.writesPerSecond()).isEqualTo(0.2, offset(0.02));
    assertThat(Churn.isChurning(steady)).isFalse();
    assertThat(churning.writesPerSecond()).isEqualTo(4, offset(0.4));
    assertThat(Churn.isChurning(churning)).isTrue();
    assertThat(writes("foreign_key")).isEqualTo(120);
    assertThat(writes("unknown_cache")).isEqualTo(120);
  }

  @Test
  void countsATransactionThatTouchesAKeyInManyRowsAsOneWrite() {
    report("client-1", T0, count("product", "product:1", 50));
    for (int row = 0; row < 100; row++) {
      invalidate("product", "product:1", 7, T0);
    }
    invalidations.pipeInput(
        new byte[0], WireCodec.instance().encode(new Watermark(new Position(1, 1), 1, T0)));
    invalidations.pipeInput(new byte[0], new byte[] {1, 2, 3});
    driver.advanceWallClockTime(Duration.ofSeconds(5));
    driver.advanceWallClockTime(Duration.ofSeconds(5));

    double perSecond = Math.log(2) / HALF_LIFE.toSeconds();
    assertThat(latest("product").keys().get(0).writesPerSecond())
        .isEqualTo(perSecond, offset(1e-6));
    assertThat(writes("counted")).isEqualTo(1);
    assertThat(writes("unreadable")).isEqualTo(1);
    assertThat(deadLetters.isEmpty()).isTrue();
  }

  @Test
  void letsReadsOfEachCacheAgeByItsOwnHalfLife() {
    driver.close();
    start(SETTINGS.withHalfLives(Map.of("page", Duration.ofHours(1))));
    report("client-1", T0, count("product", "product:1", 64), count("page", "page:1:top", 64));
    driver.advanceWallClockTime(Duration.ofMinutes(3));
    Instant later = T0.plus(Duration.ofMinutes(3));
    report("client-1", later, count("product", "product:2", 16), count("page", "page:2:top", 16));
    driver.advanceWallClockTime(Duration.ofSeconds(5));

    Map<String, HotKeys> latest = latest();
    // 64 reads are 8 after three half-lives.
    assertThat(Objects.requireNonNull(latest.get("product")).keys())
        .extracting(HotKeys.HotKey::key)
        .containsExactly("product:2", "product:1");
    assertThat(Objects.requireNonNull(latest.get("page")).keys())
        .extracting(HotKeys.HotKey::key)
        .containsExactly("page:1:top", "page:2:top");
    assertThat(Objects.requireNonNull(latest.get("page")).halfLife())
        .isEqualTo(Duration.ofHours(1));
  }

  @Test
  void readsWhatTheVersionBeforeLeftBetweenItsHalves() {
    AccessReport report =
        new AccessReport("client-1", T0, T0, List.of(count("product", "product:1", 5)), 0);
    Serde<HeatNews> serde = HeatNewsSerde.of(topics.accesses().value());
    HeatNews.Writes writes = new HeatNews.Writes(Map.of("product:1", 3L, "product:2", 4L), T0);

    assertThat(serde.deserializer().deserialize("t", WireCodec.instance().encode(report)))
        .isEqualTo(new HeatNews.Reads(report));
    assertThat(serde.deserializer().deserialize("t", serde.serializer().serialize("t", writes)))
        .isEqualTo(writes);
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
    report(
        "client-1",
        T0,
        new KeyCount("product", "product:1", 100, 4, Duration.ofMillis(20), 4, 512),
        count("product", "product:2", 50));
    invalidate("product", "product:1", 1, T0);
    driver.advanceWallClockTime(Duration.ofSeconds(5));
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
    ZipfKeys zipf = new ZipfKeys(keys, 1.0);
    Map<String, Double> exact = new HashMap<>();
    int reports = 240;
    for (int r = 0; r < reports; r++) {
      Instant at = T0.plusSeconds(2L * r);
      Map<String, Long> counts = new HashMap<>();
      for (int i = 0; i < 4_000; i++) {
        int rank = zipf.draw(random);
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

  /** The goal of heat, a tenth of its size: bench/HeatBenchmark has all of it. */
  @Test
  void findsTheThousandHottestKeysInStateOfBoundedSize() {
    driver.close();
    start(
        new HeatSettings(HALF_LIFE, 2_000, 4, 4_096, Duration.ofSeconds(1), Duration.ofSeconds(5)));
    long seed = Long.getLong("hearth.seed", 20261123L);
    Random random = new Random(seed);
    int keys = 100_000;
    ZipfKeys zipf = new ZipfKeys(keys, 1.0);
    int[] exact = new int[keys];
    for (int r = 0; r < 50; r++) {
      Map<Integer, Long> reads = new HashMap<>();
      for (int i = 0; i < 20_000; i++) {
        int key = zipf.draw(random);
        exact[key]++;
        reads.merge(key, 1L, Long::sum);
      }
      report(
          "client-" + r % 3,
          T0,
          reads.entrySet().stream()
              .map(each -> count("product", "product:" + each.getKey(), each.getValue()))
              .toArray(KeyCount[]::new));
    }
    driver.advanceWallClockTime(Duration.ofSeconds(5));

    Set<String> found = new HashSet<>();
    latest("product").keys().stream().limit(1_000).forEach(key -> found.add(key.key()));
    long recalled =
        IntStream.range(0, keys)
            .boxed()
            .sorted((one, other) -> exact[other] - exact[one])
            .limit(1_000)
            .filter(rank -> found.contains("product:" + rank))
            .count();
    assertThat(recalled).as("recall of 1,000, seed %d", seed).isGreaterThanOrEqualTo(950);
    KeyValueStore<String, byte[]> store = driver.getKeyValueStore(HeatProcessor.STORE);
    long stored = 0;
    try (KeyValueIterator<String, byte[]> all = store.all()) {
      while (all.hasNext()) {
        stored += all.next().value.length;
      }
    }
    // 12,288 counters of a key of at most 14 characters.
    assertThat(stored).isLessThan(12_288 * 32);
  }

  private void report(String client, Instant to, KeyCount... counts) {
    AccessReport report = new AccessReport(client, to.minusSeconds(5), to, List.of(counts), 0);
    accesses.pipeInput(
        client.getBytes(StandardCharsets.UTF_8), WireCodec.instance().encode(report));
  }

  private void invalidate(String cache, String key, long transaction, Instant at) {
    invalidations.pipeInput(
        key.getBytes(StandardCharsets.UTF_8),
        WireCodec.instance()
            .encode(
                new Invalidation(
                    cache,
                    key,
                    new Position(1, transaction),
                    at,
                    at,
                    at,
                    new Cause("public.product", "1", transaction, "rules[0].keys[0]"))));
  }

  private double writes(String outcome) {
    return metrics.counter(Metric.HEAT_WRITES, outcome).count();
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
}
