package dev.hearth.invalidator.lineage;

import dev.hearth.schemas.position.Position;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** What was recorded, to be read. */
interface Recorded {
  /** Most reports that {@link #reportsFrom} returns. */
  int MOST_REPORTS = 32;

  /** Records of a subject, the newest first. */
  List<LoggedRecord> newest(Subject subject, int limit);

  /** Reports of rounds that end at or behind an offset, in the order of their ends. */
  List<Report> reportsFrom(String store, int partition, long offset);

  /** The report of the round that ends furthest behind. */
  Optional<Report> lastReport(String store, int partition);

  /** The last mark that was recorded below a position. */
  Optional<Mark> markBelow(int partition, Position position);

  /** The first mark that was recorded above a position. */
  Optional<Mark> markAbove(int partition, Position position);

  /** Since when nothing of a partition is left out; empty where that is not known here. */
  Optional<Instant> since(int partition);
}
