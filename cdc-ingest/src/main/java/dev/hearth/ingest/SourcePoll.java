package dev.hearth.ingest;

import dev.hearth.chassis.config.HearthConfig;
import dev.hearth.ingest.capture.LogHeartbeat;
import java.sql.SQLException;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

/**
 * Asks the source with each heartbeat for what its log does not say: tables that appeared, others
 * that are no longer the same, and how much log the slot retains. For the heartbeat's thread.
 */
final class SourcePoll {
  /** Tables come seldom, and their names are a query of the whole catalog. */
  private static final int PATTERN_BEATS = 4;

  private final List<HearthConfig.Rule> rules;
  private final TableWatch watch;
  private final AtomicLong retainedWal;
  private final AtomicInteger patternBeats = new AtomicInteger();

  /**
   * For all sessions.
   *
   * @param retainedWal set to the bytes of log that the slot retains
   */
  SourcePoll(List<HearthConfig.Rule> rules, TableWatch watch, AtomicLong retainedWal) {
    this.rules = List.copyOf(rules);
    this.watch = watch;
    this.retainedWal = retainedWal;
  }

  /**
   * One heartbeat.
   *
   * @param tables that are followed
   * @param end is told why the session cannot go on
   */
  void beat(LogHeartbeat logHeartbeat, Set<String> tables, Consumer<String> end) {
    try {
      logHeartbeat.beat();
      retainedWal.set(logHeartbeat.retainedBytes());
      if (TablePatterns.isWild(rules) && patternBeats.getAndIncrement() % PATTERN_BEATS == 0) {
        Set<String> unheard = TablePatterns.named(rules, logHeartbeat.tables());
        unheard.removeAll(tables);
        if (!unheard.isEmpty()) {
          // Not published yet: the next session sees to it, in a new epoch.
          end.accept("tables appeared that rules name by a pattern: " + unheard);
        }
      }
      Set<String> others = watch.marked(logHeartbeat.marks(tables));
      if (!others.isEmpty()) {
        // What is known of their partitions has to be read again.
        end.accept("partitions of " + others + " were attached or detached");
      }
    } catch (SQLException e) {
      end.accept("the heartbeat failed: " + e.getMessage());
    }
  }
}
