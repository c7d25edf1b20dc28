package dev.hearth.warmer.run;

import dev.hearth.schemas.position.Position;
import dev.hearth.schemas.warmup.WarmupRun.Cost;
import dev.hearth.schemas.warmup.WarmupRun.Progress;
import dev.hearth.store.CacheKey;
import dev.hearth.store.FencedStore;
import dev.hearth.store.FillOutcome;
import dev.hearth.store.Lease;
import dev.hearth.store.ReadOutcome;
import dev.hearth.store.Value;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;

/**
 * Warms one batch of keys in all stores of a cache: leases first, then one query for all that is
 * missing anywhere, then the fills. The order is the whole of correctness: a value read before its
 * lease was granted could be older than an invalidation that the lease never saw. Thread-safe as
 * far as its random source is.
 */
final class BatchWarmer {
  /** Entries of one run must not all expire in one moment, so each lives up to a tenth shorter. */
  private static final double SHORTEST_LIFE = 0.9;

  private final Duration storeTimeout;
  private final DatabasePace pace;
  private final RandomGenerator random;

  BatchWarmer(Duration storeTimeout, DatabasePace pace, RandomGenerator random) {
    this.storeTimeout = storeTimeout;
    this.pace = pace;
    this.random = random;
  }

  /** What a key has, or is to have, in one store. */
  record Entry(FencedStore store, CacheKey key) {}

  /**
   * What became of a batch.
   *
   * @param progress entries by outcome; {@code planned} is 0
   * @param busy entries that somebody else was filling
   * @param cost of its query
   * @param loadFailure why the database was not read, if it was asked and did not answer
   */
  record Outcome(Progress progress, List<Entry> busy, Cost cost, Optional<String> loadFailure) {
    Outcome {
      busy = List.copyOf(busy);
    }
  }

  private record Asked(Entry entry, CompletableFuture<ReadOutcome> answer) {}

  private record Missing(FencedStore store, CacheKey key, Lease lease) {}

  private record Filled(Value value, CompletableFuture<FillOutcome> answer) {}

  /** Warms keys in all stores of a cache. */
  Outcome warm(WarmableCache cache, BatchLoader loader, List<String> keys)
      throws InterruptedException {
    return warmEntries(
        cache,
        loader,
        cache.stores().stream()
            .flatMap(
                store ->
                    keys.stream().map(key -> new Entry(store, new CacheKey(cache.name(), key))))
            .toList());
  }

  /** Warms just these entries of a cache. */
  Outcome warmEntries(WarmableCache cache, BatchLoader loader, List<Entry> entries)
      throws InterruptedException {
    Tally tally = new Tally();
    List<Missing> missing = leases(entries, tally);
    Set<String> toLoad = new LinkedHashSet<>();
    missing.forEach(each -> toLoad.add(each.key().key()));
    if (toLoad.isEmpty()) {
      return new Outcome(tally.progress(), tally.busy, Cost.NONE, Optional.empty());
    }
    BatchLoader.Loaded loaded;
    long start = System.nanoTime();
    try {
      loaded = loader.load(List.copyOf(toLoad), floor(missing));
    } catch (RuntimeException e) {
      pace.failed();
      tally.failed += missing.size();
      awaitAll(
          missing.stream()
              .map(each -> guarded(() -> each.store().release(each.key(), each.lease())))
              .toList());
      return new Outcome(
          tally.progress(),
          tally.busy,
          new Cost(0, Duration.ofNanos(System.nanoTime() - start)),
          Optional.of(String.valueOf(e.getMessage())));
    }
    long took = System.nanoTime() - start;
    pace.answered(toLoad.size(), start, took, loaded.isBehind());
    fill(cache, missing, loaded, tally);
    long bytes = loaded.found().values().stream().mapToLong(value -> value.length).sum();
    return new Outcome(
        tally.progress(), tally.busy, new Cost(bytes, Duration.ofNanos(took)), Optional.empty());
  }

  /**
   * What a read for all these leases must see. One of a later epoch is enough for those of an
   * earlier one, whose entries it voids.
   */
  private static Position floor(List<Missing> missing) {
    return missing.stream().map(each -> each.lease().raised()).reduce(Position.NONE, Position::max);
  }

  private List<Missing> leases(List<Entry> entries, Tally tally) throws InterruptedException {
    List<Asked> asked = new ArrayList<>();
    for (Entry entry : entries) {
      asked.add(new Asked(entry, guarded(() -> entry.store().get(entry.key()))));
    }
    awaitAll(asked.stream().map(Asked::answer).toList());
    List<Missing> missing = new ArrayList<>();
    for (Asked each : asked) {
      Optional<ReadOutcome> answer = answerOf(each.answer());
      if (answer.isEmpty() || answer.get() instanceof ReadOutcome.Uncertain) {
        tally.failed++;
      } else if (answer.get() instanceof ReadOutcome.Hit) {
        tally.alreadyWarm++;
      } else if (answer.get() instanceof ReadOutcome.Busy) {
        tally.busy.add(each.entry());
      } else if (answer.get() instanceof ReadOutcome.Granted granted) {
        missing.add(new Missing(each.entry().store(), each.entry().key(), granted.lease()));
      }
    }
    return missing;
  }

  private void fill(
      WarmableCache cache, List<Missing> missing, BatchLoader.Loaded loaded, Tally tally)
      throws InterruptedException {
    List<Filled> fills = new ArrayList<>();
    for (Missing each : missing) {
      byte[] found = loaded.found().get(each.key().key());
      if (found == null && !loaded.absent().contains(each.key().key())) {
        tally.failed++;
        continue;
      }
      Value value = Value.ofOptional(Optional.ofNullable(found));
      Duration life = life(cache.ttl());
      fills.add(
          new Filled(
              value, guarded(() -> each.store().fill(each.key(), each.lease(), value, life))));
    }
    awaitAll(fills.stream().map(Filled::answer).toList());
    for (Filled each : fills) {
      Optional<FillOutcome> answer = answerOf(each.answer());
      if (answer.isEmpty()) {
        tally.failed++;
      } else if (answer.get() == FillOutcome.LEASE_LOST) {
        tally.leaseLost++;
      } else if (each.value().isAbsent()) {
        tally.absent++;
      } else {
        tally.stored++;
      }
    }
  }

  private Duration life(Duration ttl) {
    long most = ttl.toMillis();
    return Duration.ofMillis(Math.max(1, Math.round(most * random.nextDouble(SHORTEST_LIFE, 1))));
  }

  /** Waits for all to complete, somehow, within the bound. */
  private void awaitAll(List<? extends CompletableFuture<?>> all) throws InterruptedException {
    try {
      CompletableFuture.allOf(all.toArray(CompletableFuture<?>[]::new))
          .get(storeTimeout.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException | TimeoutException e) {
      // Each answer is looked at by itself.
    }
  }

  private static <T> CompletableFuture<T> guarded(Supplier<CompletionStage<T>> command) {
    try {
      return command.get().toCompletableFuture();
    } catch (RuntimeException e) {
      return CompletableFuture.failedFuture(e);
    }
  }

  /** Empty where the store did not answer, or not yet. */
  private static <T> Optional<T> answerOf(CompletableFuture<T> stage) {
    return stage.isDone() && !stage.isCompletedExceptionally()
        ? Optional.ofNullable(stage.getNow(null))
        : Optional.empty();
  }

  private static final class Tally {
    private final List<Entry> busy = new ArrayList<>();
    private int stored;
    private int alreadyWarm;
    private int leaseLost;
    private int absent;
    private int failed;

    private Progress progress() {
      return new Progress(0, stored, alreadyWarm, leaseLost, busy.size(), absent, failed);
    }
  }
}
