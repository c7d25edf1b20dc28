package dev.hearth.store.hazelcast;

import com.hazelcast.map.IMap;
import com.hazelcast.nio.serialization.HazelcastSerializationException;
import dev.hearth.store.CacheKey;
import dev.hearth.store.DeliveryTarget;
import dev.hearth.store.Meta;
import dev.hearth.store.MetaCodec;
import dev.hearth.store.PartitionMemory;
import dev.hearth.store.PartitionRecords;
import dev.hearth.store.Round;
import dev.hearth.store.Turns;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The delivery's side of a Hazelcast cluster. Operations on different partitions overtake one
 * another, so a round is three steps, each acknowledged (with its backups) before the next begins:
 * raise B by compare-and-set, delete the keys, advance A by compare-and-set. What is written to
 * which record is decided by {@link PartitionRecords}.
 *
 * <p>After a round that was not acknowledged a key may be gone from its owner and still stand in a
 * backup, and to delete what is not there sends nothing to backups. So what is applied again
 * afterwards is deleted <em>firmly</em>: first overwritten, then deleted.
 */
final class HazelcastDeliveryTarget implements DeliveryTarget {
  private static final int AT_ONCE = 1000;

  private static final Duration TOMBSTONE_LIFE = Duration.ofSeconds(10);

  private final String name;
  private final HazelcastLayout layout;
  private final IMap<String, Object> entries;
  private final BlockingCalls calls;
  private final KeyWrites writes;
  private final Failures failures;
  private final HazelcastStore.Options options;
  private final Map<Integer, Opened> opened = new HashMap<>();
  private final Map<Integer, Long> doubtfulUntil = new HashMap<>();

  HazelcastDeliveryTarget(
      String name, HazelcastLayout layout, BlockingCalls calls, HazelcastStore.Options options) {
    this.name = name;
    this.layout = layout;
    this.entries = layout.entries();
    this.calls = calls;
    this.writes = KeyWrites.of(layout, calls);
    this.failures = new Failures(name, options.timeout());
    this.options = options;
  }

  private record Opened(PartitionRecords records, Turns turns) {}

  @Override
  public String name() {
    return name;
  }

  @Override
  public Optional<Resume> open(int partition) {
    opened.remove(partition);
    return orUnavailable("an opening", List.of(), () -> read(partition));
  }

  private Optional<Resume> read(int partition) {
    Map<String, Object> found = await(calls.call(() -> records(partition)), deadline());
    List<Optional<Meta>> known = new ArrayList<>();
    List<Supplier<Future<?>>> foreign = new ArrayList<>();
    for (int home = 0; home < layout.hazelcastPartitions(); home++) {
      String key = layout.metaKey(partition, home);
      Object there = found.get(key);
      Optional<Meta> meta =
          there instanceof byte[] bytes ? MetaCodec.decode(bytes) : Optional.empty();
      if (there != null && meta.isEmpty()) {
        // Not a record of ours, or of a layout that this build does not know.
        foreign.add(() -> writes.delete(key));
      }
      known.add(meta);
    }
    await(foreign);
    PartitionRecords records = new PartitionRecords(known);
    if (records.disagree()) {
      // Half way between two topics, and nobody knows which offset belongs to which history.
      forget(partition);
      return Optional.empty();
    }
    remember(partition, records);
    return records.lowest().map(meta -> new Resume(meta.topicId(), meta.offset()));
  }

  /** What stands where the records of a partition do. Blocks. */
  private Map<String, Object> records(int partition) {
    Set<String> names = new HashSet<>();
    for (int home = 0; home < layout.hazelcastPartitions(); home++) {
      names.add(layout.metaKey(partition, home));
    }
    try {
      return entries.getAll(names);
    } catch (HazelcastSerializationException e) {
      // Which of them it is nobody says.
      Map<String, Object> found = new HashMap<>();
      for (String name : names) {
        Object there = Unreadable.get(entries, name);
        if (there != null) {
          found.put(name, there);
        }
      }
      return found;
    }
  }

  @Override
  public void abandon(int partition) {
    opened.remove(partition);
    orUnavailable(
        "an abandonment",
        List.of(),
        () -> {
          forget(partition);
          return true;
        });
  }

  /** Removes all records of a partition, so that it begins anew. */
  private void forget(int partition) {
    List<Supplier<Future<?>>> deletes = new ArrayList<>();
    List<Optional<Meta>> nothing = new ArrayList<>();
    for (int home = 0; home < layout.hazelcastPartitions(); home++) {
      String key = layout.metaKey(partition, home);
      deletes.add(() -> writes.delete(key));
      nothing.add(Optional.empty());
    }
    await(deletes);
    doubtfulUntil.remove(partition);
    remember(partition, new PartitionRecords(nothing));
  }

  private void remember(int partition, PartitionRecords records) {
    opened.put(
        partition,
        new Opened(records, new Turns(records.size(), options.advanceEvery(), options.nanoTime())));
  }

  @Override
  public Map<Integer, RoundOutcome> apply(Collection<Round> rounds) {
    DeliveryTarget.requireApplicable(rounds, opened.keySet());
    return orUnavailable("a round", rounds, () -> applyAll(rounds));
  }

  private record Plan(Round round, Opened partition, Map<Integer, PartitionMemory.Moves> moves) {}

  private Map<Integer, RoundOutcome> applyAll(Collection<Round> rounds) {
    List<Plan> plans = new ArrayList<>();
    for (Round round : rounds) {
      plans.add(plan(round));
    }
    Set<Integer> mismatched = new HashSet<>();

    mismatched.addAll(
        replace(plans, moves -> moves.raise().map(raise -> new Write(moves.expected(), raise))));
    delete(rounds);
    List<Plan> sound =
        plans.stream().filter(plan -> !mismatched.contains(plan.round().partition())).toList();
    mismatched.addAll(
        replace(
            sound,
            moves ->
                moves
                    .advance()
                    .map(advance -> new Write(moves.raise().or(moves::expected), advance))));

    Map<Integer, RoundOutcome> outcomes = new LinkedHashMap<>();
    for (Plan plan : plans) {
      int partition = plan.round().partition();
      outcomes.put(partition, settle(plan, mismatched.contains(partition)));
    }
    return outcomes;
  }

  private Plan plan(Round round) {
    Opened partition = opened.get(round.partition());
    if (partition == null) {
      throw new IllegalStateException("partition " + round.partition() + " is not open");
    }
    Set<Integer> touched = new HashSet<>();
    for (CacheKey key : round.keys()) {
      touched.add(layout.hazelcastPartitionOf(key));
    }
    return new Plan(
        round,
        partition,
        partition.records().moves(round, touched, partition.turns().due(), options.incarnations()));
  }

  private RoundOutcome settle(Plan plan, boolean mismatch) {
    int partition = plan.round().partition();
    if (mismatch) {
      opened.remove(partition);
      return RoundOutcome.WENT_BACK;
    }
    plan.partition().records().settle(plan.moves());
    doubtfulUntil.computeIfPresent(
        partition, (same, offset) -> plan.round().lastOffset() >= offset ? null : offset);
    return plan.partition().records().complete()
        ? RoundOutcome.APPLIED
        : RoundOutcome.AWAITING_WATERMARK;
  }

  private record Write(Optional<Meta> expected, Meta next) {}

  private interface Step {
    Optional<Write> of(PartitionMemory.Moves moves);
  }

  /** Carries out one step of all plans; returns the partitions where something else was found. */
  private Set<Integer> replace(List<Plan> plans, Step step) {
    List<Integer> partitions = new ArrayList<>();
    List<Supplier<Future<Boolean>>> replacements = new ArrayList<>();
    for (Plan plan : plans) {
      int partition = plan.round().partition();
      plan.moves()
          .forEach(
              (home, moves) ->
                  step.of(moves)
                      .ifPresent(
                          write -> {
                            String key = layout.metaKey(partition, home);
                            partitions.add(partition);
                            replacements.add(() -> calls.call(() -> replace(key, write)));
                          }));
    }
    List<Boolean> replaced = await(replacements);
    Set<Integer> mismatched = new HashSet<>();
    for (int i = 0; i < replaced.size(); i++) {
      if (!replaced.get(i)) {
        mismatched.add(partitions.get(i));
      }
    }
    return mismatched;
  }

  private boolean replace(String key, Write write) {
    byte[] next = MetaCodec.encode(write.next());
    if (write.expected().isEmpty()) {
      return putIfAbsent(key, next);
    }
    byte[] expected = MetaCodec.encode(write.expected().get());
    if (entries.replace(key, expected, next)) {
      return true;
    }
    Object found = Unreadable.get(entries, key);
    if (same(found, expected) && !Arrays.equals(expected, next)) {
      throw failures.comparesByIdentity(entries.getName());
    }
    // Hazelcast repeats a call whose member died: it may have found what it wrote itself.
    return same(found, next);
  }

  private boolean putIfAbsent(String key, byte[] next) {
    try {
      Object found = entries.putIfAbsent(key, next);
      return found == null || same(found, next);
    } catch (HazelcastSerializationException e) {
      return false;
    }
  }

  private static boolean same(@Nullable Object found, byte[] bytes) {
    return found instanceof byte[] other && Arrays.equals(other, bytes);
  }

  private void delete(Collection<Round> rounds) {
    List<Supplier<Future<?>>> tombstones = new ArrayList<>();
    List<Supplier<Future<?>>> deletes = new ArrayList<>();
    for (Round round : rounds) {
      boolean firmly = doubtfulUntil.containsKey(round.partition());
      for (CacheKey key : round.keys()) {
        String cellKey = HazelcastLayout.cellKey(key);
        if (firmly) {
          tombstones.add(() -> writes.set(cellKey, HazelcastLayout.TOMBSTONE, TOMBSTONE_LIFE));
        }
        deletes.add(() -> writes.delete(cellKey));
      }
    }
    // A tombstone that ends meanwhile has overwritten the backup already.
    await(tombstones);
    await(deletes);
  }

  private <T extends @Nullable Object> List<T> await(
      List<? extends Supplier<? extends Future<? extends T>>> operations) {
    List<T> results = new ArrayList<>();
    for (int from = 0; from < operations.size(); from += AT_ONCE) {
      List<Future<? extends T>> running = new ArrayList<>();
      for (Supplier<? extends Future<? extends T>> operation :
          operations.subList(from, Math.min(operations.size(), from + AT_ONCE))) {
        running.add(operation.get());
      }
      long deadline = deadline();
      for (Future<? extends T> one : running) {
        results.add(await(one, deadline));
      }
    }
    return results;
  }

  private long deadline() {
    return System.nanoTime() + options.timeout().toNanos();
  }

  private <T extends @Nullable Object> T await(Future<T> future, long deadline) {
    try {
      return future.get(Math.max(0, deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
    } catch (ExecutionException | TimeoutException e) {
      throw new CompletionException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CompletionException(e);
    }
  }

  private <T> T orUnavailable(String what, Collection<Round> doubtful, Supplier<T> operation) {
    try {
      return operation.get();
    } catch (RuntimeException e) {
      for (Round round : doubtful) {
        doubtfulUntil.merge(round.partition(), round.lastOffset(), Math::max);
      }
      opened.clear();
      throw failures.unavailable(what, e);
    }
  }

  @Override
  public void close() {
    calls.close();
  }
}
