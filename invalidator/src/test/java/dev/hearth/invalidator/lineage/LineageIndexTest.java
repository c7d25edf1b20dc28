package dev.hearth.invalidator.lineage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.hearth.sandbox.Cases;
import dev.hearth.schemas.invalidation.Applied;
import dev.hearth.schemas.position.Position;
import dev.hearth.schemas.position.Watermark;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LineageIndexTest {
  private static final long PLENTY = 200_000_000;
  private static final Instant NOON = Instant.parse("2026-11-23T12:00:00Z");
  private static final Page.Place PLACE = new Page.Place("invalidations", 0);

  @TempDir private Path directory;

  /** Everything that was ever recorded, by subject: obviously right, and without bounds. */
  private final Map<Subject, List<Long>> model = new HashMap<>();

  private long nextOffset;

  private static LineageLimits limits(long bytes, int most) {
    return new LineageLimits(bytes, most, Duration.ofDays(1));
  }

  private void beginAnew() {
    directory = directory.resolve("again");
    model.clear();
    nextOffset = 0;
  }

  private LineageIndex open(long bytes, int most) {
    return LineageIndex.open(directory, limits(bytes, most));
  }

  @Test
  void tellsTheLastEventsOfEverySubjectAsAnExactModelDoes() {
    Cases.check(1, this::tellsTheLastEvents);
  }

  private void tellsTheLastEvents(Random random) {
    beginAnew();
    List<Subject> subjects = new ArrayList<>(List.of(Subject.everything(0)));
    IntStream.range(0, 60).forEach(i -> subjects.add(Subject.key(0, "product", "product:" + i)));
    subjects.add(Subject.cache(0, "product"));
    subjects.add(Subject.cache(0, "product product:1"));
    LineageIndex index = open(PLENTY, 20);
    int told = 0;
    try {
      for (int step = 0; step < 1_500; step++) {
        int doing = random.nextInt(100);
        if (doing < 80) {
          // Some subjects are hot.
          Subject subject =
              subjects.get((int) (Math.pow(random.nextDouble(), 3) * subjects.size()));
          record(index, subject, 1 + random.nextInt(40));
        } else if (doing < 84) {
          index.flush();
        } else if (doing < 85) {
          // What stops is written first, as the recorder does.
          index.flush();
          index.close();
          index = open(PLENTY, 20);
        } else {
          Subject subject = subjects.get(random.nextInt(subjects.size()));
          told += assertTold(index, subject, 20);
        }
      }
      for (Subject subject : subjects) {
        told += assertTold(index, subject, 20);
      }
    } finally {
      index.close();
    }
    assertThat(told).as("events compared").isGreaterThan(1_000);
  }

  private void record(LineageIndex index, Subject subject, int times) {
    index.update(
        page -> {
          for (int i = 0; i < times; i++) {
            long offset = nextOffset++;
            page.read(PLACE, offset);
            page.readInvalidations(0, offset, NOON.toEpochMilli() + offset);
            page.add(
                subject,
                new LoggedRecord(
                    offset,
                    NOON.toEpochMilli() + offset,
                    ("value " + offset).getBytes(StandardCharsets.UTF_8)));
            model.computeIfAbsent(subject, none -> new ArrayList<>()).add(offset);
          }
        });
  }

  private List<Long> expected(Subject subject, int most) {
    List<Long> all = model.getOrDefault(subject, List.of());
    List<Long> last = new ArrayList<>(all.subList(Math.max(0, all.size() - most), all.size()));
    Collections.reverse(last);
    return last;
  }

  private int assertTold(LineageIndex index, Subject subject, int most) {
    List<LoggedRecord> told = index.read(recorded -> recorded.newest(subject, most));
    assertThat(told.stream().map(LoggedRecord::offset).toList())
        .as("%s", subject)
        .isEqualTo(expected(subject, most));
    told.forEach(
        record ->
            assertThat(new String(record.value(), StandardCharsets.UTF_8))
                .isEqualTo("value " + record.offset()));
    return told.size();
  }

  @Test
  void whatWasNotWrittenIsReadFromTheTopicsAgain() {
    Subject subject = Subject.key(0, "product", "product:1");
    try (LineageIndex index = open(PLENTY, 20)) {
      index.begin(Map.of("invalidations", "id"), Map.of(PLACE, 0L), Map.of(0, NOON));
      record(index, subject, 3);
      index.flush();
      record(index, subject, 2);
      // Killed: closed without writing.
    }

    try (LineageIndex index = open(PLENTY, 20)) {
      assertThat(index.next(PLACE)).isEqualTo(OptionalLong.of(3));
      assertThat(index.topicId("invalidations")).contains("id");
      assertThat(newest(index, subject))
          .extracting(LoggedRecord::offset)
          .containsExactly(2L, 1L, 0L);
      assertThat(since(index)).contains(NOON);
    }
  }

  @Test
  void staysWithinItsBytesAndSaysSinceWhenNothingIsLeftOut() {
    Cases.check(1, this::staysWithinItsBytes);
  }

  private void staysWithinItsBytes(Random random) {
    beginAnew();
    long bytes = 4_000_000;
    byte[] payload = new byte[400];
    long largest = 0;
    int dropped = 0;
    try (LineageIndex index = open(bytes, 20)) {
      index.begin(Map.of(), Map.of(PLACE, 0L), Map.of(0, NOON.minusSeconds(60)));
      index.update(page -> page.readInvalidations(1, 0, NOON.toEpochMilli()));
      for (int step = 0; step < 750; step++) {
        index.update(
            page -> {
              for (int i = 0; i < 100; i++) {
                long offset = nextOffset++;
                // Nothing that could be compressed.
                random.nextBytes(payload);
                Subject subject = Subject.key(0, "product", "product:" + random.nextInt(2_000));
                page.read(PLACE, offset);
                page.readInvalidations(0, offset, NOON.toEpochMilli() + offset);
                page.add(
                    subject,
                    new LoggedRecord(offset, NOON.toEpochMilli() + offset, payload.clone()));
                model.computeIfAbsent(subject, none -> new ArrayList<>()).add(offset);
                if (i % 10 == 0) {
                  page.add(
                      new Applied(
                          "redis",
                          0,
                          new Position(1, offset),
                          offset,
                          offset,
                          1,
                          NOON.plusMillis(offset),
                          Duration.ofMillis(1)));
                }
              }
            });
        if (index.isDue()) {
          index.flush();
        }
        largest = Math.max(largest, index.diskBytes());
        if (step % 50 == 49) {
          for (int i = 0; i < 100; i++) {
            Subject subject = Subject.key(0, "product", "product:" + random.nextInt(2_000));
            List<Long> told = newest(index, subject).stream().map(LoggedRecord::offset).toList();
            // Asked afterwards: files may be thrown away at any time.
            Instant since = since(index).orElseThrow();
            dropped += since.isAfter(NOON) ? 1 : 0;
            long first = since.toEpochMilli() - NOON.toEpochMilli();
            assertThat(told)
                .as("what came since %s", since)
                .startsWith(
                    expected(subject, 20).stream()
                        .filter(offset -> offset >= first)
                        .toArray(Long[]::new));
          }
        }
      }
      assertThat(index.<Optional<Instant>>read(recorded -> recorded.since(1)).isEmpty())
          .as("all that was told of partition 1 is gone")
          .isTrue();
    }
    assertThat(dropped).as("files were thrown away").isPositive();
    assertThat(largest).as("bytes on disk").isLessThanOrEqualTo(bytes);
  }

  @Test
  void aHotKeyTakesNoMoreThanAPageKeepsOfIt() {
    Page page = new Page(20);
    Subject subject = Subject.key(0, "product", "product:1");
    for (long offset = 0; offset < 10_000; offset++) {
      page.readInvalidations(0, offset, offset);
      page.add(subject, new LoggedRecord(offset, offset, new byte[100]));
      page.add(
          new Applied(
              "redis",
              0,
              new Position(1, offset),
              offset,
              offset,
              1,
              NOON.plus(Duration.ofNanos(offset * 100_000)),
              Duration.ZERO));
    }

    assertThat(page.newest(subject, 100)).hasSize(20);
    assertThat(page.reports())
        .as("those of the kept records, and one a second")
        .hasSizeBetween(20, 22);
    assertThat(page.reports()).allMatch(report -> report.covers(report.lastOffset()));
    assertThat(page.reports().stream().map(Report::lastOffset)).contains(9_980L, 9_999L);
  }

  @Test
  void findsTheRoundsOfARecordWhereverTheyStand() {
    try (LineageIndex index = open(PLENTY, 20)) {
      index.update(
          page -> {
            page.read(new Page.Place("applied", 0), 0);
            page.add(applied("redis", 0, 10, 20, 1));
            page.add(applied("redis", 0, 21, 30, 2));
            page.add(applied("redis-2", 0, 10, 12, 9));
            page.add(applied("redis", 1, 10, 14, 9));
          });
      index.flush();
      index.update(page -> page.add(applied("redis", 0, 5, 40, 3)));

      assertThat(reports(index, 15)).extracting(Report::lastOffset).containsExactly(20L, 30L, 40L);
      assertThat(reports(index, 15).stream().map(report -> report.covers(15)))
          .containsExactly(true, false, true);
      assertThat(reports(index, 41)).isEmpty();
      assertThat(last(index, "redis")).map(Report::lastOffset).contains(40L);
      assertThat(last(index, "hazelcast")).isEmpty();
    }
  }

  private static List<LoggedRecord> newest(LineageIndex index, Subject subject) {
    return index.read(recorded -> recorded.newest(subject, 20));
  }

  private static Optional<Instant> since(LineageIndex index) {
    return index.read(recorded -> recorded.since(0));
  }

  private static Optional<Report> last(LineageIndex index, String store) {
    return index.read(recorded -> recorded.lastReport(store, 0));
  }

  private static List<Report> reports(LineageIndex index, long offset) {
    return index.read(recorded -> recorded.reportsFrom("redis", 0, offset));
  }

  private static Applied applied(String store, int partition, long first, long last, int second) {
    return new Applied(
        store,
        partition,
        new Position(1, last),
        first,
        last,
        1,
        NOON.plusSeconds(second),
        Duration.ZERO);
  }

  @Test
  void findsTheMarksAroundAPosition() {
    try (LineageIndex index = open(PLENTY, 20)) {
      index.update(
          page -> {
            page.read(PLACE, 0);
            page.add(0, 1, new Watermark(new Position(1, 100), 100, NOON));
            page.add(0, 2, new Watermark(new Position(1, 150), 150, NOON.plusMillis(999)));
          });
      index.flush();
      index.update(
          page -> {
            page.add(0, 3, new Watermark(new Position(1, -1L), 200, NOON.plusSeconds(2)));
            page.add(1, 1, new Watermark(new Position(1, 160), 160, NOON.plusSeconds(9)));
          });

      assertThat(below(index, 100)).isEmpty();
      assertThat(below(index, 160)).map(Mark::offset).contains(1L);
      assertThat(above(index, new Position(1, 100)))
          .as("an LSN is an unsigned number")
          .map(Mark::offset)
          .contains(3L);
      assertThat(above(index, new Position(2, 0))).isEmpty();
    }
  }

  private static Optional<Mark> above(LineageIndex index, Position position) {
    return index.read(recorded -> recorded.markAbove(0, position));
  }

  private static Optional<Mark> below(LineageIndex index, long lsn) {
    return index.read(recorded -> recorded.markBelow(0, new Position(1, lsn)));
  }

  @Test
  void saysThatItIsClosedInsteadOfReading() {
    LineageIndex index = open(PLENTY, 20);
    index.close();

    assertThatThrownBy(() -> index.read(recorded -> recorded.since(0)))
        .isInstanceOf(LineageUnavailableException.class);
  }

  @Test
  void aDirectoryThatAnotherOneHasIsRefused() {
    LineageIndex index = open(PLENTY, 20);
    try {
      assertThatThrownBy(() -> open(PLENTY, 20))
          .isInstanceOf(LineageUnavailableException.class)
          .hasMessageContaining(directory.toString());
    } finally {
      index.close();
    }
  }
}
