package dev.hearth.warmer.refresh;

import dev.hearth.store.CacheKey;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Keys that are to be filled again in the stores, each as soon as the store's delivery is past the
 * invalidation that took it out: earlier, a fill would be taken out again. Two topics tell of it,
 * in no order between them, so that either may come first. Bounded; for one thread.
 *
 * <p>Nothing depends on its being right: a fill holds a lease whatever was told here.
 */
final class RefreshBook {
  /** After which a store's delivery is no longer waited for. */
  static final Duration LONGEST_WAIT = Duration.ofMinutes(1);

  private final int most;
  private final Map<Place, Long> applied = new HashMap<>();
  private final Map<Place, Deque<Waiting>> waiting = new HashMap<>();
  private final Map<Target, Set<String>> ready = new HashMap<>();
  private int size;

  private record Place(String store, int partition) {}

  private record Waiting(long offset, CacheKey key, Instant since) {}

  /** Where keys are filled. */
  record Target(String cache, String store) {}

  /** Keys to fill in one store. */
  record Batch(Target target, List<String> keys) {
    Batch {
      keys = List.copyOf(keys);
    }
  }

  /**
   * @param most keys that wait or are ready; one key in two stores counts twice
   */
  RefreshBook(int most) {
    this.most = most;
  }

  /**
   * A key was taken out in a store, or will be.
   *
   * @param offset of the invalidation in its partition
   * @return whether there was room
   */
  boolean add(String store, int partition, long offset, CacheKey key, Instant now) {
    if (size >= most) {
      return false;
    }
    Place place = new Place(store, partition);
    if (applied.getOrDefault(place, -1L) >= offset) {
      ready(key, store);
    } else {
      waiting
          .computeIfAbsent(place, none -> new ArrayDeque<>())
          .addLast(new Waiting(offset, key, now));
      size++;
    }
    return true;
  }

  /** A store's delivery has applied a partition up to an offset. */
  void applied(String store, int partition, long offset) {
    Place place = new Place(store, partition);
    applied.merge(place, offset, Math::max);
    Deque<Waiting> keys = waiting.getOrDefault(place, new ArrayDeque<>());
    for (Waiting first = keys.peekFirst();
        first != null && first.offset() <= offset;
        first = keys.peekFirst()) {
      keys.removeFirst();
      size--;
      ready(first.key(), store);
    }
  }

  private void ready(CacheKey key, String store) {
    if (ready
        .computeIfAbsent(new Target(key.cache(), store), none -> new LinkedHashSet<>())
        .add(key.key())) {
      size++;
    }
  }

  /** Gives up what has waited too long, by cache. */
  Map<String, Integer> giveUp(Instant now) {
    Instant before = now.minus(LONGEST_WAIT);
    Map<String, Integer> dropped = new HashMap<>();
    for (Deque<Waiting> keys : waiting.values()) {
      for (Waiting first = keys.peekFirst();
          first != null && first.since().isBefore(before);
          first = keys.peekFirst()) {
        keys.removeFirst();
        size--;
        dropped.merge(first.key().cache(), 1, Integer::sum);
      }
    }
    return dropped;
  }

  /** Takes what is ready, each key once, in batches of one cache and one store. */
  List<Batch> take(int batchKeys) {
    List<Batch> batches = new ArrayList<>();
    ready.forEach(
        (target, keys) -> {
          List<String> batch = new ArrayList<>();
          for (Iterator<String> each = keys.iterator(); each.hasNext(); ) {
            batch.add(each.next());
            if (batch.size() == batchKeys || !each.hasNext()) {
              batches.add(new Batch(target, batch));
              batch = new ArrayList<>();
            }
          }
          size -= keys.size();
        });
    ready.clear();
    return batches;
  }

  /** Keys that wait or are ready. */
  int size() {
    return size;
  }
}
