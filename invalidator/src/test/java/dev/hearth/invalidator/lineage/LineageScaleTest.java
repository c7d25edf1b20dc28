package dev.hearth.invalidator.lineage;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hearth.chassis.config.HearthConfig;
import dev.hearth.sandbox.Cases;
import dev.hearth.schemas.codec.WireCodec;
import dev.hearth.schemas.invalidation.Applied;
import dev.hearth.schemas.invalidation.Cause;
import dev.hearth.schemas.invalidation.Invalidation;
import dev.hearth.schemas.key.KeySlot;
import dev.hearth.schemas.position.Position;
import dev.hearth.schemas.position.Watermark;
import dev.hearth.schemas.topic.Topics;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What recording costs and how long an answer takes; with {@code -Dhearth.events=10000000} as it is
 * told in the README, with few in each build.
 */
class LineageScaleTest {
  private static final Logger LOG = LoggerFactory.getLogger(LineageScaleTest.class);
  private static final Topics TOPICS = new Topics("hearth");
  private static final Instant NOON = Instant.parse("2026-11-23T12:00:00Z");
  private static final int EVENTS_IN_A_POLL = 500;
  private static final long DISK_BYTES = 1_000_000_000;

  private final Records records = new Records(TOPICS);
  private final LineageLimits limits = LineageLimits.ofDisk(DISK_BYTES);
  private final Storyteller storyteller = new Storyteller(TOPICS.invalidations(), limits);
  private final HearthConfig.Cache cache =
      new HearthConfig.Cache(
          List.of("redis", "hazelcast"),
          "product:{id}",
          Duration.ofHours(1),
          HearthConfig.Mode.FENCED,
          Duration.ofSeconds(5),
          null);

  @TempDir private Path directory;

  @Test
  void answersWithinASecondWhateverIsRecorded() {
    int events = Integer.getInteger("hearth.events", 50_000);
    int keys = Math.max(1_000, events / 10);
    Random random = new Random(Cases.seed());
    long recordingNanos = 0;
    long[] offsets = new long[TOPICS.invalidations().partitions()];
    try (LineageIndex index = LineageIndex.open(directory, limits)) {
      index.begin(Map.of(), Map.of(), Map.of());
      for (int done = 0; done < events; done += EVENTS_IN_A_POLL) {
        Instant at = NOON.minus(Duration.ofHours(20)).plusNanos(done * 3_600_000L);
        List<ConsumerRecord<byte[], byte[]>> poll = poll(random, keys, offsets, done, at);
        long began = System.nanoTime();
        List<Records.Read> read = poll.stream().map(records::read).toList();
        index.update(page -> read.forEach(each -> each.addTo(page)));
        if (index.isDue()) {
          index.flush();
        }
        recordingNanos += System.nanoTime() - began;
      }
      long began = System.nanoTime();
      index.flush();
      recordingNanos += System.nanoTime() - began;
    }

    // Opened again: nothing of it is in memory.
    try (LineageIndex index = LineageIndex.open(directory, limits)) {
      List<Long> micros = new ArrayList<>();
      int told = 0;
      for (int i = 0; i < 1_000; i++) {
        String key = key(random, keys);
        long began = System.nanoTime();
        told +=
            index
                .read(
                    recorded ->
                        storyteller.tell(
                            "product", cache, key, recorded, Progress.UNKNOWN, Map.of(), NOON))
                .events()
                .size();
        micros.add((System.nanoTime() - began) / 1_000);
      }
      micros.sort(null);
      LOG.info(
          "events {} keys {} nanos per event {} bytes on disk {} per event {} answer micros p50 {}"
              + " p99 {} max {} events told {}",
          events,
          keys,
          recordingNanos / events,
          index.diskBytes(),
          index.diskBytes() / events,
          micros.get(micros.size() / 2),
          micros.get(micros.size() * 99 / 100),
          micros.get(micros.size() - 1),
          told);
      assertThat(told).isGreaterThan(1_000);
      assertThat(micros.get(micros.size() * 99 / 100))
          .as("99th percentile of an answer, in microseconds")
          .isLessThan(1_000_000);
      assertThat(index.diskBytes()).isLessThanOrEqualTo(DISK_BYTES);
    }
  }

  /** Some keys are asked for far more often than others. */
  private static String key(Random random, int keys) {
    return "product:" + (int) (keys * Math.pow(random.nextDouble(), 4));
  }

  private static List<ConsumerRecord<byte[], byte[]>> poll(
      Random random, int keys, long[] offsets, int done, Instant at) {
    List<ConsumerRecord<byte[], byte[]>> poll = new ArrayList<>();
    long[] firsts = offsets.clone();
    for (int i = 0; i < EVENTS_IN_A_POLL; i++) {
      String key = key(random, keys);
      int partition = KeySlot.partitionOf(key, offsets.length);
      Instant committed = at.plusNanos(i * 100_000L);
      poll.add(
          record(
              TOPICS.invalidations().name(),
              partition,
              offsets[partition]++,
              committed,
              new Invalidation(
                  "product",
                  key,
                  new Position(1, done + i),
                  committed,
                  committed.plusNanos(1_200_000),
                  committed.plusNanos(2_900_000),
                  new Cause("public.product", "public." + key, done + i, "rules[0].keys[0]"))));
    }
    for (int partition = 0; partition < offsets.length; partition++) {
      if (firsts[partition] == offsets[partition]) {
        continue;
      }
      poll.add(
          record(
              TOPICS.invalidations().name(),
              partition,
              offsets[partition]++,
              at,
              new Watermark(new Position(1, done), done, at)));
      for (String store : List.of("redis", "hazelcast")) {
        // Five rounds a poll.
        long first = firsts[partition];
        for (int round = 1; round <= 5; round++) {
          long last = firsts[partition] + (offsets[partition] - firsts[partition]) * round / 5 - 1;
          if (last >= first) {
            poll.add(
                record(
                    TOPICS.applied().name(),
                    0,
                    0,
                    at,
                    new Applied(
                        store,
                        partition,
                        new Position(1, done),
                        first,
                        last,
                        (int) (last - first + 1),
                        at.plusMillis(round),
                        Duration.ofMillis(2))));
            first = last + 1;
          }
        }
      }
    }
    return poll;
  }

  private static ConsumerRecord<byte[], byte[]> record(
      String topic, int partition, long offset, Instant at, Object value) {
    byte[] bytes = WireCodec.instance().encode(value);
    return new ConsumerRecord<>(
        topic,
        partition,
        offset,
        at.toEpochMilli(),
        TimestampType.CREATE_TIME,
        0,
        bytes.length,
        new byte[0],
        bytes,
        new RecordHeaders(),
        Optional.empty());
  }
}
