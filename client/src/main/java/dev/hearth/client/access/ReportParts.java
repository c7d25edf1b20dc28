package dev.hearth.client.access;

import dev.hearth.schemas.access.AccessReport;
import dev.hearth.schemas.access.AccessReport.KeyCount;
import java.util.ArrayList;
import java.util.List;

/** Cuts a report into parts that fit into a Kafka record each; together they say the same. Pure. */
final class ReportParts {
  /** Avro: five numbers of at most ten bytes each, and two lengths of at most five. */
  private static final int NUMBERS_BYTES = 60;

  /** A character of UTF-16 takes at most three bytes in UTF-8. */
  private static final int BYTES_PER_CHARACTER = 3;

  private ReportParts() {}

  /**
   * The parts of a report. The dropped reads stand in the first one only.
   *
   * @param maxBytes of the counts of one part, estimated from above; a single count that is larger
   *     makes a part of its own
   */
  static List<AccessReport> of(AccessReport report, int maxBytes) {
    List<AccessReport> parts = new ArrayList<>();
    List<KeyCount> part = new ArrayList<>();
    int partBytes = 0;
    for (KeyCount count : report.counts()) {
      int bytes =
          NUMBERS_BYTES + BYTES_PER_CHARACTER * (count.cache().length() + count.key().length());
      if (!part.isEmpty() && partBytes + bytes > maxBytes) {
        parts.add(part(report, part, parts.isEmpty()));
        part = new ArrayList<>();
        partBytes = 0;
      }
      part.add(count);
      partBytes += bytes;
    }
    parts.add(part(report, part, parts.isEmpty()));
    return parts;
  }

  private static AccessReport part(AccessReport report, List<KeyCount> counts, boolean first) {
    return new AccessReport(
        report.client(), report.from(), report.to(), counts, first ? report.dropped() : 0);
  }
}
