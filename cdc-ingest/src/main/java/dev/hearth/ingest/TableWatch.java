package dev.hearth.ingest;

import dev.hearth.ingest.capture.PartitionMarks;
import dev.hearth.ingest.position.TableIdentities;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * Notices what befalls whole tables without a change of any row in the log: columns altered, tables
 * dropped and made again, partitions truncated, attached or detached. Such a table is distrusted
 * until that is on the topic. What happens while no ingest runs is not noticed. Thread-safe.
 */
final class TableWatch {
  /** By table, with a number of the occasion. */
  private final Map<String, Long> distrusted = new TreeMap<>();

  private long occasions;
  private Optional<TableIdentities> definitions = Optional.empty();
  private Optional<PartitionMarks> partitions = Optional.empty();

  /** How the tables are defined now. */
  synchronized void defined(TableIdentities now) {
    definitions.ifPresent(before -> now.changedSince(before).forEach(this::distrust));
    definitions = Optional.of(now);
  }

  /**
   * Which partitions there are now.
   *
   * @return tables that others than before belong to, so that the catalog is to be read again
   */
  synchronized Set<String> partitioned(PartitionMarks now) {
    Set<String> others = partitions.map(now::attachedOrDetachedSince).orElse(Set.of());
    partitions.map(now::changedSince).orElse(Set.of()).forEach(this::distrust);
    partitions = Optional.of(now);
    return others;
  }

  private void distrust(String table) {
    distrusted.put(table, ++occasions);
  }

  /**
   * Tables of which it is not on the topic yet that anything may have changed, with occasions.
   *
   * @param above occasions up to this one are left out
   */
  synchronized Map<String, Long> distrusted(long above) {
    Map<String, Long> since = new TreeMap<>(distrusted);
    since.values().removeIf(occasion -> occasion <= above);
    return since;
  }

  /** It is on the topic; unless there was another occasion since, that is all. */
  synchronized void told(String table, long occasion) {
    distrusted.remove(table, occasion);
  }
}
