package dev.hearth.invalidator.lineage;

import dev.hearth.schemas.invalidation.Applied;
import dev.hearth.schemas.position.Position;
import dev.hearth.schemas.position.Watermark;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * What came since the last page was written. Keeps the last few records of each subject, so that a
 * key which changes thousands of times in a page costs no more disk than one that changes a few
 * times. No I/O, no clock; for one thread at a time.
 */
final class Page implements Recorded {
  private static final Duration BETWEEN_MARKS = Duration.ofSeconds(1);
  private static final Comparator<Report> BY_END =
      Comparator.comparingLong(Report::lastOffset).thenComparing(Report::appliedAt);

  /** Of a record: its key and its head. */
  private static final int OVERHEAD_BYTES = 64;

  private static final Report NEVER = new Report("", 0, -1, -1, Instant.EPOCH);

  private final int mostOfASubject;
  private final Map<Subject, Deque<LoggedRecord>> events = new HashMap<>();
  private final Map<Delivery, NavigableSet<Report>> reports = new HashMap<>();
  private final Map<Integer, TreeMap<Position, Mark>> marks = new HashMap<>();
  private final Map<Integer, Span> spans = new TreeMap<>();
  private final Map<Place, Long> next = new HashMap<>();
  private long bytes;

  /** A partition of the deliveries to a store. */
  private record Delivery(String store, int partition) {}

  /** A partition of a topic. */
  record Place(String topic, int partition) {}

  /**
   * Which part of a partition was read in this page.
   *
   * @param firstMillis timestamp of the first record
   */
  record Span(long firstOffset, long lastOffset, long firstMillis) {}

  /**
   * An empty page.
   *
   * @param mostOfASubject above zero
   */
  Page(int mostOfASubject) {
    this.mostOfASubject = mostOfASubject;
  }

  /** Notes that a record was read, whatever is kept of it. */
  void read(Place place, long offset) {
    next.put(place, offset + 1);
  }

  /** The same of the invalidations. */
  void readInvalidations(int partition, long offset, long timestampMillis) {
    spans.merge(
        partition,
        new Span(offset, offset, timestampMillis),
        (first, last) -> new Span(first.firstOffset(), last.lastOffset(), first.firstMillis()));
  }

  void add(Subject subject, LoggedRecord record) {
    Deque<LoggedRecord> of = events.computeIfAbsent(subject, none -> new ArrayDeque<>(2));
    of.addLast(record);
    bytes += record.value().length + OVERHEAD_BYTES;
    if (of.size() > mostOfASubject) {
      bytes -= of.removeFirst().value().length + OVERHEAD_BYTES;
    }
  }

  void add(Applied applied) {
    Report report = Report.of(applied);
    reports
        .computeIfAbsent(
            new Delivery(report.store(), report.partition()), none -> new TreeSet<>(BY_END))
        .add(report);
    bytes += OVERHEAD_BYTES;
  }

  /** Keeps a mark a second. */
  void add(int partition, long offset, Watermark watermark) {
    TreeMap<Position, Mark> of = marks.computeIfAbsent(partition, none -> new TreeMap<>());
    Mark mark = new Mark(partition, watermark.position(), watermark.gateTime(), offset);
    if (of.isEmpty()
        || Duration.between(of.lastEntry().getValue().gateTime(), mark.gateTime())
                .compareTo(BETWEEN_MARKS)
            >= 0) {
      of.putIfAbsent(mark.position(), mark);
      bytes += OVERHEAD_BYTES;
    }
  }

  /** About what it takes on disk before it is compressed. */
  long bytes() {
    return bytes;
  }

  boolean isEmpty() {
    return next.isEmpty();
  }

  Map<Subject, Deque<LoggedRecord>> events() {
    return events;
  }

  Map<Integer, Span> spans() {
    return spans;
  }

  /** Where to go on behind this page. */
  Map<Place, Long> next() {
    return next;
  }

  List<Mark> marks() {
    return marks.values().stream().flatMap(each -> each.values().stream()).toList();
  }

  /**
   * The reports that somebody can still ask for: those that tell of a kept record, or of records
   * outside of this page, and one a second for each delivery.
   */
  List<Report> reports() {
    Map<Integer, NavigableSet<Long>> kept = new HashMap<>();
    events.forEach(
        (subject, of) ->
            of.forEach(
                record ->
                    kept.computeIfAbsent(subject.partition(), none -> new TreeSet<>())
                        .add(record.offset())));
    List<Report> wanted = new ArrayList<>();
    reports.forEach(
        (delivery, of) -> {
          Span span = spans.get(delivery.partition());
          NavigableSet<Long> offsets = kept.getOrDefault(delivery.partition(), new TreeSet<>());
          Report last = NEVER;
          for (Report report : of) {
            boolean inside =
                span != null
                    && report.firstOffset() >= span.firstOffset()
                    && report.lastOffset() <= span.lastOffset();
            Long covered = offsets.ceiling(report.firstOffset());
            boolean tells = covered != null && covered <= report.lastOffset();
            boolean due =
                Duration.between(last.appliedAt(), report.appliedAt())
                        .abs()
                        .compareTo(BETWEEN_MARKS)
                    >= 0;
            if (!inside || tells || due) {
              wanted.add(report);
              last = report;
            }
          }
        });
    return wanted;
  }

  @Override
  public List<LoggedRecord> newest(Subject subject, int limit) {
    List<LoggedRecord> newest = new ArrayList<>();
    Deque<LoggedRecord> of = events.getOrDefault(subject, new ArrayDeque<>());
    for (Iterator<LoggedRecord> i = of.descendingIterator();
        i.hasNext() && newest.size() < limit; ) {
      newest.add(i.next());
    }
    return newest;
  }

  @Override
  public List<Report> reportsFrom(String store, int partition, long offset) {
    return of(store, partition)
        .tailSet(new Report(store, partition, -1, offset, Instant.MIN), true)
        .stream()
        .limit(MOST_REPORTS)
        .toList();
  }

  @Override
  public Optional<Report> lastReport(String store, int partition) {
    NavigableSet<Report> of = of(store, partition);
    return of.isEmpty() ? Optional.empty() : Optional.of(of.last());
  }

  private NavigableSet<Report> of(String store, int partition) {
    return reports.getOrDefault(new Delivery(store, partition), new TreeSet<>(BY_END));
  }

  @Override
  public Optional<Mark> markBelow(int partition, Position position) {
    return Optional.ofNullable(marks.getOrDefault(partition, new TreeMap<>()).lowerEntry(position))
        .map(Map.Entry::getValue);
  }

  @Override
  public Optional<Mark> markAbove(int partition, Position position) {
    return Optional.ofNullable(marks.getOrDefault(partition, new TreeMap<>()).higherEntry(position))
        .map(Map.Entry::getValue);
  }

  @Override
  public Optional<Instant> since(int partition) {
    return Optional.empty();
  }
}
