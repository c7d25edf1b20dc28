package dev.hearth.warmer.run;

import dev.hearth.schemas.access.AccessReport;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;

/**
 * Reads and misses per cache of the last quarter of a minute, as clients reported them; bounded:
 * beyond the most reports the oldest are forgotten first. Times are those of this machine: the
 * interval of a report ends when it is taken in, so that no client's clock matters. Thread-safe.
 */
final class RecentReads {
  static final Duration WINDOW = Duration.ofSeconds(15);
  private static final int MOST_REPORTS = 10_000;

  private final Deque<Counted> reports = new ArrayDeque<>();

  private record Counted(Instant from, Instant to, Map<String, HitRatio> caches) {}

  /** Takes a report in; counts that cannot be are passed over. */
  synchronized void add(AccessReport report, Instant now) {
    Duration length = Duration.between(report.from(), report.to());
    if (length.isNegative()) {
      return;
    }
    Map<String, HitRatio> caches = new HashMap<>();
    for (AccessReport.KeyCount count : report.counts()) {
      if (count.misses() >= 0 && count.misses() <= count.reads() && count.reads() < 1L << 40) {
        caches.merge(
            count.cache(),
            new HitRatio(count.reads(), count.misses()),
            (one, other) ->
                new HitRatio(one.reads() + other.reads(), one.misses() + other.misses()));
      }
    }
    reports.addLast(new Counted(now.minus(length), now, caches));
    while (reports.size() > MOST_REPORTS
        || (!reports.isEmpty() && reports.getFirst().to().isBefore(now.minus(WINDOW)))) {
      reports.removeFirst();
    }
  }

  /** Of the reports of the window whose interval began at or after an instant. */
  synchronized HitRatio of(String cache, Instant since, Instant now) {
    long reads = 0;
    long misses = 0;
    for (Counted report : reports) {
      if (!report.from().isBefore(since) && !report.to().isBefore(now.minus(WINDOW))) {
        HitRatio one = report.caches().getOrDefault(cache, HitRatio.NONE);
        reads += one.reads();
        misses += one.misses();
      }
    }
    return new HitRatio(reads, misses);
  }
}
