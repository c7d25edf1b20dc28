package dev.hearth.invalidator.delivery;

import dev.hearth.chassis.metrics.Metric;
import dev.hearth.chassis.metrics.Metrics;
import dev.hearth.schemas.key.KeySlot;
import dev.hearth.schemas.key.KeyTemplate;
import dev.hearth.schemas.position.Position;
import dev.hearth.store.CacheKey;
import dev.hearth.store.DeliveryTarget;
import dev.hearth.store.DeliveryTarget.Resume;
import dev.hearth.store.DeliveryTarget.RoundOutcome;
import dev.hearth.store.Round;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a delivery does to the plain caches of its store beside the rounds: second deletes, and
 * emptying a cache where no single keys are known. For the delivery's thread.
 *
 * <p>What deletes returns the partitions in which the store turned out to have gone back; they are
 * closed here, and are to be opened again.
 */
final class PlainCaches {
  private static final Logger LOG = LoggerFactory.getLogger(PlainCaches.class);
  private static final Duration SECOND_DELETE_INTERVAL = Duration.ofMillis(100);
  private static final int KEYS_AT_ONCE = 10_000;

  /** A place that nobody can go on from: see {@link Round}. */
  private static final Resume NOWHERE = new Resume("", -1);

  private final String store;
  private final Map<String, StoreCaches.Plain> caches;
  private final Delivery.PlainKeys keys;
  private final int partitions;
  private final Metrics metrics;
  private final SecondDeletes secondDeletes;
  private final Map<Integer, Progress> open = new HashMap<>();
  private long lastSecondDeleteNanos = System.nanoTime();

  /**
   * How far a partition is.
   *
   * @param written where a delivery would go on from, as it was written last
   * @param lastOffset of the last record that was applied
   */
  private record Progress(Resume written, long lastOffset) {}

  /**
   * For one store.
   *
   * @param caches by name
   * @param partitions of the invalidations
   */
  PlainCaches(
      String store,
      Map<String, StoreCaches.Plain> caches,
      Delivery.PlainKeys keys,
      int partitions,
      Metrics metrics) {
    this.store = store;
    this.caches = Map.copyOf(caches);
    this.keys = keys;
    this.partitions = partitions;
    this.metrics = metrics;
    this.secondDeletes = new SecondDeletes(caches);
  }

  /**
   * Begins with a partition.
   *
   * @param found what the store says, where that is gone on from
   * @param lastOffset before the first record to come
   */
  void open(int partition, Optional<Resume> found, long lastOffset) {
    open.put(partition, new Progress(found.orElse(NOWHERE), lastOffset));
  }

  /** Ends with a partition. What waits there comes again with the records that asked for it. */
  void close(int partition) {
    open.remove(partition);
    secondDeletes.forget(partition);
  }

  /** Notes what the store now says. */
  void applied(Round round) {
    open.put(
        round.partition(),
        new Progress(new Resume(round.topicId(), round.resumeOffset()), round.lastOffset()));
  }

  /**
   * Where a delivery is to go on after a stop, once a round is applied: not behind a record of a
   * plain cache whose second delete is still to come, so that it is repeated with the first one.
   */
  Resume resume(RoundBuilder round) {
    if (secondDeletes.isWithoutRecord(round.partition())) {
      return new Resume(NOWHERE.topicId(), round.lastOffset());
    }
    long held =
        Math.min(
            secondDeletes.oldestOffset(round.partition()).orElse(Long.MAX_VALUE),
            round.firstPlainOffset().orElse(Long.MAX_VALUE));
    return new Resume(round.topicId(), Math.min(round.lastOffset(), held - 1));
  }

  /** After rounds were applied: empties what generations void, and notes what is to come again. */
  Set<Integer> deleteFirst(DeliveryTarget target, Collection<RoundBuilder> rounds) {
    Map<String, Set<Integer>> emptied = new HashMap<>();
    for (RoundBuilder round : rounds) {
      for (String cache : round.emptied()) {
        emptied.computeIfAbsent(cache, none -> new HashSet<>()).add(round.partition());
      }
    }
    Set<Integer> back = empty(target, emptied);
    long now = System.nanoTime();
    for (RoundBuilder round : rounds) {
      if (open.containsKey(round.partition())) {
        round
            .firstPlainOffset()
            .ifPresent(
                first ->
                    secondDeletes.note(
                        round.partition(), first, round.keys(), round.emptied(), now));
      }
    }
    return back;
  }

  /** Deletes once more what is due. */
  Set<Integer> deleteAgain(DeliveryTarget target) {
    long now = System.nanoTime();
    if (now - lastSecondDeleteNanos < SECOND_DELETE_INTERVAL.toNanos()) {
      return Set.of();
    }
    lastSecondDeleteNanos = now;
    Map<Integer, Set<CacheKey>> single = new HashMap<>();
    Map<String, Set<Integer>> whole = new HashMap<>();
    secondDeletes
        .takeDue(now)
        .forEach(
            (partition, due) -> {
              if (!due.keys().isEmpty()) {
                single.put(partition, due.keys());
              }
              for (String cache : due.caches()) {
                whole.computeIfAbsent(cache, none -> new HashSet<>()).add(partition);
              }
            });
    Set<Integer> back = new HashSet<>(delete(target, single));
    for (Set<CacheKey> some : single.values()) {
      for (CacheKey key : some) {
        metrics.counter(Metric.INVALIDATIONS, key.cache(), store, "deleted_again").increment();
      }
    }
    back.addAll(empty(target, whole));
    return back;
  }

  /**
   * Empties the caches in partitions that the store knows no position of: nobody can tell what was
   * missed there, and no generation or incarnation voids a plain entry.
   */
  Set<Integer> emptyWithoutRecord(DeliveryTarget target, Set<Integer> some) {
    if (some.isEmpty()) {
      return Set.of();
    }
    Map<String, Set<Integer>> all = new HashMap<>();
    caches.keySet().forEach(cache -> all.put(cache, some));
    Set<Integer> back = empty(target, all);
    long now = System.nanoTime();
    some.stream()
        .filter(open::containsKey)
        .forEach(partition -> secondDeletes.noteWithoutRecord(partition, now));
    return back;
  }

  private Set<Integer> empty(DeliveryTarget target, Map<String, Set<Integer>> partitionsByCache) {
    Set<Integer> back = new HashSet<>();
    partitionsByCache.forEach(
        (cache, where) -> {
          StoreCaches.Plain plain = caches.get(cache);
          if (plain != null) {
            back.addAll(empty(target, cache, plain.key(), where));
          }
        });
    return back;
  }

  private Set<Integer> empty(
      DeliveryTarget target, String cache, KeyTemplate template, Set<Integer> where) {
    String prefix = template.shape().substring(0, template.shape().indexOf("{}"));
    Set<Integer> back = new HashSet<>();
    long deleted = 0;
    try (Stream<String> listed = keys.of(cache, prefix)) {
      Iterator<CacheKey> remaining =
          listed
              .filter(key -> where.contains(KeySlot.partitionOf(key, partitions)))
              .filter(template::matches)
              .map(key -> new CacheKey(cache, key))
              .iterator();
      while (remaining.hasNext()) {
        Map<Integer, Set<CacheKey>> some = new HashMap<>();
        for (int i = 0; i < KEYS_AT_ONCE && remaining.hasNext(); i++) {
          CacheKey key = remaining.next();
          some.computeIfAbsent(KeySlot.partitionOf(key.key(), partitions), none -> new HashSet<>())
              .add(key);
          deleted++;
        }
        back.addAll(delete(target, some));
      }
    }
    LOG.info(
        "plain cache emptied store={} cache={} partitions={} keys={}",
        store,
        cache,
        where,
        deleted);
    return back;
  }

  /** Deletes keys, and leaves what the store says of positions as it is. */
  private Set<Integer> delete(DeliveryTarget target, Map<Integer, Set<CacheKey>> some) {
    List<Round> rounds = new ArrayList<>();
    some.forEach(
        (partition, deleted) ->
            Optional.ofNullable(open.get(partition))
                .ifPresent(progress -> rounds.add(deletes(partition, deleted, progress))));
    if (rounds.isEmpty()) {
      return Set.of();
    }
    Set<Integer> back = new HashSet<>();
    target
        .apply(rounds)
        .forEach(
            (partition, outcome) -> {
              if (outcome == RoundOutcome.WENT_BACK) {
                close(partition);
                back.add(partition);
              }
            });
    return back;
  }

  private static Round deletes(int partition, Set<CacheKey> deleted, Progress progress) {
    return new Round(
        partition,
        Position.NONE,
        deleted,
        Map.of(),
        Optional.empty(),
        progress.written().topicId(),
        progress.lastOffset(),
        progress.written().offset());
  }
}
