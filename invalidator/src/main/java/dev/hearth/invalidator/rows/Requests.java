package dev.hearth.invalidator.rows;

import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;

/**
 * When to ask for the rows of a table: at once where they are first needed, again where nothing
 * comes, and ever more seldom where asking does not help (a table whose rows cannot be told apart
 * is never complete for long). Not thread-safe.
 */
final class Requests {
  /** How long nothing may come before the request is sent again. */
  static final Duration PATIENCE = Duration.ofSeconds(60);

  /** How long a request of an earlier run has to be answered. */
  static final Duration AFTER_START = Duration.ofSeconds(10);

  private static final Duration SELDOM = Duration.ofHours(1);
  private static final Duration QUIET = Duration.ofMinutes(10);

  /** A new epoch comes twice, and rules may change in between. */
  private static final int AT_ONCE = 3;

  /**
   * @param id of the latest request
   * @param times how often in a row
   * @param next when it is due again
   */
  private record Asked(String id, int times, Instant last, Instant next) {}

  private final Map<String, Asked> byTable = new HashMap<>();

  /** A table whose rows an earlier run asked for. */
  void inherited(String table, String id, Instant now) {
    byTable.put(table, new Asked(id, 1, now, now.plus(AFTER_START)));
  }

  /** Something came: the answer is on its way. */
  void heard(String table, Instant now) {
    byTable.computeIfPresent(
        table,
        (name, asked) -> new Asked(asked.id(), asked.times(), asked.last(), now.plus(PATIENCE)));
  }

  /** Whether to send a request now; then it counts as sent. */
  boolean isDue(String table, String id, Instant now) {
    Asked asked = byTable.get(table);
    if (asked == null || now.isAfter(asked.last().plus(QUIET).plus(wait(asked.times())))) {
      byTable.put(table, new Asked(id, 1, now, now.plus(PATIENCE)));
      return true;
    }
    boolean another = !asked.id().equals(id) && asked.times() < AT_ONCE;
    if (!another && now.isBefore(asked.next())) {
      return false;
    }
    int times = asked.times() + 1;
    byTable.put(table, new Asked(id, times, now, now.plus(wait(times))));
    return true;
  }

  private static Duration wait(int times) {
    Duration wait = PATIENCE.multipliedBy(1L << Math.min(times - 1, 6));
    return wait.compareTo(SELDOM) > 0 ? SELDOM : wait;
  }
}
