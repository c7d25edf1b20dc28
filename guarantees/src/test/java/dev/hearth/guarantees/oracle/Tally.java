package dev.hearth.guarantees.oracle;

import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;

/** Counts of runs, and the table that is printed at the end. */
final class Tally {
  private final Map<String, long[]> byKind = new TreeMap<>();
  private final Map<String, long[]> byReason = new TreeMap<>();
  private long transactions;
  private long rolledBack;
  private long prepared;
  private long changed;
  private long missed;
  private int faults;
  private int partitionsTruncated;
  private Duration latest = Duration.ZERO;

  void transaction() {
    transactions++;
  }

  void rolledBack(int count) {
    rolledBack += count;
  }

  void prepared(int count) {
    prepared += count;
  }

  void fault() {
    faults++;
  }

  void keyChanged() {
    changed++;
  }

  void missed(int count) {
    missed += count;
  }

  /** How long after everything else the TRUNCATE of a partition was noticed. */
  void late(Duration lag) {
    partitionsTruncated++;
    latest = lag.compareTo(latest) > 0 ? lag : latest;
  }

  /** One key that a transaction took out by rules of a kind. */
  void key(String kind, boolean needed) {
    count(byKind, kind, 1, needed ? 1 : 0);
  }

  /**
   * One cache that a transaction voided.
   *
   * @param keys that the cache had
   * @param needed those of them that changed
   */
  void voided(String reason, long keys, long needed) {
    count(byReason, reason, keys, needed)[2]++;
  }

  private static long[] count(Map<String, long[]> counts, String name, long keys, long needed) {
    long[] count = counts.computeIfAbsent(name, key -> new long[3]);
    count[0] += keys;
    count[1] += needed;
    return count;
  }

  long transactions() {
    return transactions;
  }

  long changed() {
    return changed;
  }

  long missed() {
    return missed;
  }

  String table() {
    StringBuilder table = new StringBuilder();
    table.append(
        "transactions %,d (%,d of them prepared; and %,d rolled back), faults %d, keys changed %,d, missed %,d%n"
            .formatted(transactions, prepared, rolledBack, faults, changed, missed));
    table.append(
        "partitions truncated by name %d, noticed at most %d ms after the watermark%n"
            .formatted(partitionsTruncated, latest.toMillis()));
    table.append(
        "%-34s %10s %10s %10s%n"
            .formatted("keys by kind of rule", "taken out", "needed", "needless"));
    long[] all = new long[2];
    byKind.forEach(
        (kind, count) -> {
          all[0] += count[0];
          all[1] += count[1];
          table.append(line(kind, count));
        });
    table.append(line("all single keys", all));
    table.append(
        "%-34s %10s %10s %10s %8s%n"
            .formatted("whole caches by reason", "keys", "needed", "needless", "times"));
    byReason.forEach(
        (reason, count) ->
            table
                .append(line(reason, count).stripTrailing())
                .append(" %,8d%n".formatted(count[2])));
    return table.toString();
  }

  private static String line(String name, long[] count) {
    return "%-34s %,10d %,10d %8.1f %%%n"
        .formatted(
            name,
            count[0],
            count[1],
            count[0] == 0 ? 0.0 : 100.0 * (count[0] - count[1]) / count[0]);
  }
}
