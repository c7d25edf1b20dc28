package dev.hearth.store.explore;

import dev.hearth.schemas.position.Position;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A database with a standby, its log, and the invalidations that come of it. Immutable.
 *
 * @param log transactions in the order of their commit records; the n-th ends at LSN 10 n
 * @param visible set of transactions that a new snapshot on the primary sees, a bit for each
 * @param replayed how many commit records the standby has replayed
 * @param topic the records; an offset is an index into them
 */
record Source(List<Integer> log, int visible, int replayed, List<LogRecord> topic) {
  static final long EPOCH = 1;
  private static final long BYTES_PER_COMMIT = 10;

  /** A record of the invalidations: of a transaction, or a watermark. */
  record LogRecord(Optional<Integer> transaction, Position position) {}

  /** Nothing was committed, and a watermark says so. */
  static Source begin() {
    return new Source(List.of(), 0, 0, List.of(new LogRecord(Optional.empty(), position(0))));
  }

  private static Position position(int commits) {
    return new Position(EPOCH, commits * BYTES_PER_COMMIT);
  }

  static int bit(int transaction) {
    return 1 << transaction;
  }

  boolean isDurable(int transaction) {
    return log.contains(transaction);
  }

  boolean isVisible(int transaction) {
    return (visible & bit(transaction)) != 0;
  }

  boolean isPublished(int transaction) {
    return topic.stream().anyMatch(each -> each.transaction().equals(Optional.of(transaction)));
  }

  boolean canReplay() {
    return replayed < log.size();
  }

  Source commit(int transaction) {
    return new Source(appended(log, transaction), visible, replayed, topic);
  }

  Source show(int transaction) {
    return new Source(log, visible | bit(transaction), replayed, topic);
  }

  Source replay() {
    return new Source(log, visible, replayed + 1, topic);
  }

  /**
   * Publishes a transaction, and the watermark that waited for it. That both are delivered together
   * is up to the rounds.
   *
   * @param fromGate whether its position is the end of the log now, not the end of what came before
   *     its own commit record
   */
  Source publish(int transaction, boolean fromGate) {
    Position c = position(fromGate ? log.size() : log.indexOf(transaction));
    Source published = append(new LogRecord(Optional.of(transaction), c));
    return published.watermark().compareTo(newestWatermark()) > 0
        ? published.publishWatermark()
        : published;
  }

  Source publishWatermark() {
    return append(new LogRecord(Optional.empty(), watermark()));
  }

  private Source append(LogRecord record) {
    return new Source(log, visible, replayed, appended(topic, record));
  }

  private static <T> List<T> appended(List<T> list, T last) {
    List<T> longer = new ArrayList<>(list);
    longer.add(last);
    return List.copyOf(longer);
  }

  /** W: everything with a commit record at or before it is published. */
  private Position watermark() {
    int commits = 0;
    while (commits < log.size() && isPublished(log.get(commits))) {
      commits++;
    }
    return position(commits);
  }

  private Position newestWatermark() {
    return topic.stream()
        .filter(each -> each.transaction().isEmpty())
        .map(LogRecord::position)
        .reduce(Position.NONE, Position::max);
  }

  /** The lowest LSN that a gate may have seen before it let out what stands at an offset. */
  long gateLsn(int offset) {
    return topic.subList(0, offset + 1).stream()
        .map(LogRecord::position)
        .reduce(Position.NONE, Position::max)
        .lsn();
  }

  /** The transactions whose invalidation stands at an offset of a range. */
  int transactions(int from, long to) {
    int found = 0;
    for (int offset = from; offset <= to; offset++) {
      found |= topic.get(offset).transaction().map(Source::bit).orElse(0);
    }
    return found;
  }

  Position standby() {
    return position(replayed);
  }

  int seenByStandby() {
    return committedUpTo(standby());
  }

  int committedUpTo(Position position) {
    int committed = 0;
    for (int n = 0; n < log.size(); n++) {
      committed |= position.atLeast(position(n + 1)) ? bit(log.get(n)) : 0;
    }
    return committed;
  }
}
