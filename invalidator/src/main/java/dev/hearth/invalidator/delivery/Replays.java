package dev.hearth.invalidator.delivery;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What one delivery is to apply again. Asked for by any thread, done by the delivery's: it opens
 * the partitions concerned anew, and goes on from here instead of from where the store says, if
 * that is further. The store's own words stay as they are: A and the offset beside it never go back
 * by it, and never forward past what is applied. Thread-safe.
 */
final class Replays {
  /** Where one partition is. */
  enum State {
    RUNNING,
    DONE,
    /** What is in the store's partition is void instead. */
    VOIDED,
    /** Another process delivers the partition. */
    ELSEWHERE
  }

  /**
   * One partition.
   *
   * @param from first offset to apply again; negative: to be voided
   * @param to behind the last
   * @param at next to apply again
   */
  record Progress(int partition, long from, long to, long at, State state) {
    Progress at(long next) {
      return new Progress(partition, from, to, next, next >= to ? State.DONE : State.RUNNING);
    }

    Progress in(State next) {
      return new Progress(partition, from, to, at, next);
    }
  }

  private final SortedMap<Integer, Progress> partitions = new TreeMap<>();
  private final Set<Integer> requested = new HashSet<>();

  /**
   * Begins, where none is under way.
   *
   * @param assigned partitions that are delivered here
   * @return why not; empty where it has begun
   */
  synchronized Optional<String> request(
      Map<Integer, Long> from, Map<Integer, Long> to, Set<Integer> assigned) {
    if (isRunning()) {
      return Optional.of("a replay is under way; wait until it is done");
    }
    if (assigned.isEmpty()) {
      return Optional.of("no partition is delivered here now; wait, or ask another invalidator");
    }
    partitions.clear();
    requested.clear();
    from.forEach(
        (partition, offset) -> {
          long end = to.getOrDefault(partition, offset);
          Progress progress = new Progress(partition, offset, end, offset, State.RUNNING);
          if (!assigned.contains(partition)) {
            partitions.put(partition, progress.in(State.ELSEWHERE));
          } else if (offset >= end) {
            partitions.put(partition, progress.in(State.DONE));
          } else {
            partitions.put(partition, progress);
            requested.add(partition);
          }
        });
    return Optional.empty();
  }

  /** The partitions that are to be opened anew; each is told of once. */
  synchronized Set<Integer> takeRequested() {
    Set<Integer> taken = Set.copyOf(requested);
    requested.clear();
    return taken;
  }

  /** Whether a partition is to be voided, for it cannot be applied again. */
  synchronized boolean voids(int partition) {
    Progress progress = partitions.get(partition);
    return progress != null && progress.state() == State.RUNNING && progress.from() < 0;
  }

  /** From where to go on, given where it would otherwise: never further. */
  synchronized long from(int partition, long otherwise) {
    Progress progress = partitions.get(partition);
    return progress != null && progress.state() == State.RUNNING && progress.from() >= 0
        ? Math.min(progress.at(), otherwise)
        : otherwise;
  }

  /** Whether what is applied in a partition now was applied before. */
  synchronized boolean isRunning(int partition) {
    Progress progress = partitions.get(partition);
    return progress != null && progress.state() == State.RUNNING && !requested.contains(partition);
  }

  synchronized boolean isRunning() {
    return partitions.values().stream().anyMatch(each -> each.state() == State.RUNNING);
  }

  /**
   * Notes that everything up to an offset is applied again. What was under way when it was asked
   * for does not count: the partition has not been sent back yet.
   */
  synchronized void applied(int partition, long lastOffset) {
    if (requested.contains(partition)) {
      return;
    }
    partitions.computeIfPresent(
        partition,
        (number, progress) ->
            progress.state() == State.RUNNING && lastOffset >= progress.at()
                ? progress.at(lastOffset + 1)
                : progress);
  }

  /** Notes that a partition knows nothing any longer: there is nothing to apply again. */
  synchronized void voided(int partition) {
    leave(partition, State.VOIDED);
  }

  /** Notes that partitions went to another process. */
  synchronized void revoked(Collection<Integer> gone) {
    gone.forEach(partition -> leave(partition, State.ELSEWHERE));
  }

  private void leave(int partition, State state) {
    requested.remove(partition);
    partitions.computeIfPresent(
        partition,
        (number, progress) -> progress.state() == State.RUNNING ? progress.in(state) : progress);
  }

  synchronized List<Progress> all() {
    return new ArrayList<>(partitions.values());
  }

  /** What is added to the state of a delivery; empty where none is under way. */
  synchronized String sentence() {
    long left = 0;
    for (Progress each : partitions.values()) {
      left += each.state() == State.RUNNING ? Math.max(0, each.to() - each.at()) : 0;
    }
    return isRunning() ? ", replaying: " + left + " records to go" : "";
  }
}
