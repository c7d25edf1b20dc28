package dev.hearth.warmer.heat;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.chassis.metrics.Metrics;
import dev.hearth.schemas.access.AccessReport;
import dev.hearth.schemas.access.HotKeys;
import dev.hearth.schemas.codec.WireCodec;
import dev.hearth.schemas.key.KeyTemplate;
import dev.hearth.schemas.topic.Topics;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.streams.TestInputTopic;
import org.apache.kafka.streams.TestOutputTopic;
import org.apache.kafka.streams.TopologyTestDriver;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The goals of heat at their full size: which of the 1,000 most read keys are found, in how much
 * state, and how many key counts pass a second of one core. Everything but the network and the
 * brokers: bytes to reports, the check, both halves of the topology with the bytes between them,
 * the sketch.
 */
class HeatBenchmark {
  private static final Instant T0 = Instant.parse("2026-11-23T08:00:00Z");
  private static final int KEYS = 1_000_000;
  private static final int ACCESSES = 10_000_000;
  private static final int ACCESSES_PER_REPORT = 20_000;

  @Test
  void tenMillionAccessesByZipf(@TempDir Path directory) {
    long seed = Long.getLong("hearth.seed", 20261123L);
    Random random = new Random(seed);
    ZipfKeys zipf = new ZipfKeys(KEYS, 1.0);
    int[] exact = new int[KEYS];
    List<byte[]> reports = new ArrayList<>();
    long counts = 0;
    for (int r = 0; r < ACCESSES / ACCESSES_PER_REPORT; r++) {
      Map<Integer, Integer> reads = new HashMap<>();
      for (int i = 0; i < ACCESSES_PER_REPORT; i++) {
        int key = zipf.draw(random);
        exact[key]++;
        reads.merge(key, 1, Integer::sum);
      }
      counts += reads.size();
      reports.add(report(reads));
    }
    Topics topics = new Topics("hearth");
    try (Metrics metrics = new Metrics("bench");
        TopologyTestDriver driver =
            new TopologyTestDriver(
                HeatTopology.build(
                    topics,
                    Map.of("product", KeyTemplate.parse("product:{id}")),
                    HeatSettings.defaults(),
                    metrics),
                HeatTopology.configuration(
                    Map.of("bootstrap.servers", "nowhere:9092"), "heat-bench", directory),
                T0)) {
      TestInputTopic<byte[], byte[]> accesses =
          driver.createInputTopic(
              topics.accesses().name(), new ByteArraySerializer(), new ByteArraySerializer());
      TestOutputTopic<byte[], byte[]> hotKeys =
          driver.createOutputTopic(
              topics.hotKeys().name(), new ByteArrayDeserializer(), new ByteArrayDeserializer());
      ThreadMXBean threads = ManagementFactory.getThreadMXBean();
      long counted = 0;
      double best = 0;
      long began = threads.getCurrentThreadCpuTime();
      long all = began;
      byte[] key = "bench".getBytes(java.nio.charset.StandardCharsets.UTF_8);
      for (int r = 0; r < reports.size(); r++) {
        accesses.pipeInput(key, reports.get(r));
        counted += counts / reports.size();
        if (r % 100 == 99) {
          driver.advanceWallClockTime(Duration.ofSeconds(5));
          long now = threads.getCurrentThreadCpuTime();
          best = Math.max(best, counted * 1e9 / (now - began));
          began = now;
          counted = 0;
        }
      }
      double seconds = (threads.getCurrentThreadCpuTime() - all) / 1e9;

      byte[] last = hotKeys.readValuesToList().get(reports.size() / 100 - 1);
      HotKeys hot = (HotKeys) WireCodec.instance().decode(last);
      Set<String> found =
          hot.keys().stream().limit(1_000).map(HotKeys.HotKey::key).collect(Collectors.toSet());
      long recalled =
          IntStream.range(0, KEYS)
              .boxed()
              .sorted((a, b) -> exact[b] - exact[a])
              .limit(1_000)
              .filter(rank -> found.contains("product:" + rank))
              .count();
      long stored = 0;
      try (KeyValueIterator<String, byte[]> each =
          driver.<String, byte[]>getKeyValueStore(HeatProcessor.STORE).all()) {
        while (each.hasNext()) {
          stored += each.next().value.length;
        }
      }
      System.out.printf(
          "seed %d: recall of the top 1,000 %.3f; state %,d bytes in the store; %,d key counts in"
              + " %.1f s of one core: %,.0f/s, best fifth %,.0f/s; error %.4f/s of %.1f/s%n",
          seed,
          recalled / 1_000.0,
          stored,
          counts,
          seconds,
          counts / seconds,
          best,
          hot.keys().get(0).errorPerSecond(),
          hot.keys().get(999).readsPerSecond());
      assertThat(recalled).isGreaterThanOrEqualTo(950);
      assertThat(stored).isLessThan(64L * 1024 * 1024);
    }
  }

  @Test
  void heapOfAFullCache() {
    for (int round = 0; round < 2; round++) {
      long before = used();
      HeatSettings settings = HeatSettings.defaults();
      HeatShard[] shards = new HeatShard[settings.shards()];
      for (int i = 0; i < shards.length; i++) {
        shards[i] = new HeatShard(settings.slotsPerShard(), settings.halfLife().toMillis());
      }
      for (int i = 0; i < 2_000_000; i++) {
        String key = "product:" + i + ":of-some-length";
        shards[i % shards.length].addReads(
            new AccessReport.KeyCount("product", key, 1 + i % 7, 1, Duration.ofMillis(3), 1, 512),
            T0.toEpochMilli());
        shards[i % shards.length].addWrites(key, 1, T0.toEpochMilli());
      }
      System.out.printf("heap of a cache whose tables are full: %,d bytes%n", used() - before);
      assertThat(shards[0].costedKeys()).isLessThanOrEqualTo(settings.slotsPerShard());
    }
  }

  private static long used() {
    for (int i = 0; i < 5; i++) {
      System.gc();
    }
    return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
  }

  private static byte[] report(Map<Integer, Integer> reads) {
    List<AccessReport.KeyCount> counts = new ArrayList<>(reads.size());
    reads.forEach(
        (key, times) ->
            counts.add(
                new AccessReport.KeyCount(
                    "product", "product:" + key, times, 1, Duration.ofMillis(2), 1, 512)));
    return WireCodec.instance().encode(new AccessReport("bench", T0, T0, counts, 0));
  }
}
