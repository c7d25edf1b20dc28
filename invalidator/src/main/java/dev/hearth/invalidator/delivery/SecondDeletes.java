package dev.hearth.invalidator.delivery;

import dev.hearth.store.CacheKey;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What is to be deleted from plain caches once more, and when. No I/O, no clock; for one thread.
 *
 * <p>It is kept in memory only. What makes that safe is {@link #oldestOffset}: a delivery does not
 * let the store's offset pass a record whose second delete is still to come. So whoever goes on
 * after a stop, a crash or a rebalance meets the record again, and does both deletes again. What
 * comes from no record (a store that was found without positions) has no offset; while it waits the
 * store is to be left without a place to go on from ({@link #isWithoutRecord}).
 *
 * <p>Memory is bounded: above {@link #MOST_KEYS} waiting keys what comes is remembered as whole
 * caches.
 */
final class SecondDeletes {
  /** Some 20 MB of keys of ordinary length. */
  static final int MOST_KEYS = 100_000;

  private static final long NO_RECORD = -1;

  private final Map<String, StoreCaches.Plain> plain;
  private final Map<Integer, Deque<Waiting>> byPartition = new HashMap<>();
  private int waitingKeys;

  SecondDeletes(Map<String, StoreCaches.Plain> plain) {
    this.plain = Map.copyOf(plain);
  }

  /** Due deletes of one partition: keys, and caches of which every key goes. */
  record Due(Set<CacheKey> keys, Set<String> caches) {}

  private record Waiting(long dueNanos, long offset, Set<CacheKey> keys, Set<String> caches) {}

  /**
   * Notes what one round deleted first.
   *
   * @param offset of the first record that asked for any of it
   * @param keys of plain caches; others are passed over
   * @param caches likewise
   * @param nowNanos after the first delete was acknowledged
   */
  void note(int partition, long offset, Set<CacheKey> keys, Set<String> caches, long nowNanos) {
    Map<Duration, Set<CacheKey>> keysByDelay = new HashMap<>();
    Map<Duration, Set<String>> cachesByDelay = new HashMap<>();
    for (CacheKey key : keys) {
      delay(key.cache())
          .ifPresent(delay -> keysByDelay.computeIfAbsent(delay, none -> new HashSet<>()).add(key));
    }
    for (String cache : caches) {
      delay(cache)
          .ifPresent(
              delay -> cachesByDelay.computeIfAbsent(delay, none -> new HashSet<>()).add(cache));
    }
    Set<Duration> delays = new HashSet<>(keysByDelay.keySet());
    delays.addAll(cachesByDelay.keySet());
    for (Duration delay : delays) {
      Set<CacheKey> some = keysByDelay.getOrDefault(delay, Set.of());
      Set<String> whole = new HashSet<>(cachesByDelay.getOrDefault(delay, Set.of()));
      if (waitingKeys + some.size() > MOST_KEYS) {
        whole.addAll(some.stream().map(CacheKey::cache).collect(Collectors.toSet()));
        some = Set.of();
      }
      waitingKeys += some.size();
      byPartition
          .computeIfAbsent(partition, none -> new ArrayDeque<>())
          .add(new Waiting(nowNanos + delay.toNanos(), offset, some, whole));
    }
  }

  /** Notes that every plain cache was emptied, for a reason that is in no record. */
  void noteWithoutRecord(int partition, long nowNanos) {
    note(partition, NO_RECORD, Set.of(), plain.keySet(), nowNanos);
  }

  private Optional<Duration> delay(String cache) {
    return Optional.ofNullable(plain.get(cache)).map(StoreCaches.Plain::deleteAgainAfter);
  }

  /** Takes what is due; by partition, without those that have nothing. */
  Map<Integer, Due> takeDue(long nowNanos) {
    Map<Integer, Due> due = new HashMap<>();
    byPartition.forEach(
        (partition, waiting) -> {
          List<Waiting> over =
              waiting.stream().filter(each -> each.dueNanos() - nowNanos <= 0).toList();
          if (over.isEmpty()) {
            return;
          }
          waiting.removeIf(each -> each.dueNanos() - nowNanos <= 0);
          Set<CacheKey> keys = new HashSet<>();
          Set<String> caches = new HashSet<>();
          for (Waiting each : over) {
            waitingKeys -= each.keys().size();
            keys.addAll(each.keys());
            caches.addAll(each.caches());
          }
          due.put(partition, new Due(keys, caches));
        });
    return due;
  }

  /** The lowest offset that still waits; empty where none does. */
  OptionalLong oldestOffset(int partition) {
    return waiting(partition).stream()
        .mapToLong(Waiting::offset)
        .filter(offset -> offset != NO_RECORD)
        .min();
  }

  /** Whether something waits that no record would bring back. */
  boolean isWithoutRecord(int partition) {
    return waiting(partition).stream().anyMatch(each -> each.offset() == NO_RECORD);
  }

  /** Drops what waits: the partition is another one's, or is to be replayed. */
  void forget(int partition) {
    for (Waiting each : waiting(partition)) {
      waitingKeys -= each.keys().size();
    }
    byPartition.remove(partition);
  }

  private Deque<Waiting> waiting(int partition) {
    return byPartition.getOrDefault(partition, new ArrayDeque<>());
  }
}
