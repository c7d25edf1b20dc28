package dev.hearth.store.hazelcast;

import com.hazelcast.core.HazelcastException;
import com.hazelcast.map.IMap;
import com.hazelcast.query.Predicates;
import dev.hearth.store.CacheKey;
import dev.hearth.store.Cell;
import dev.hearth.store.CellCodec;
import dev.hearth.store.FencedProtocol;
import dev.hearth.store.FencedProtocol.Decision;
import dev.hearth.store.FencedStore;
import dev.hearth.store.FillOutcome;
import dev.hearth.store.Lease;
import dev.hearth.store.LeaseToken;
import dev.hearth.store.Meta;
import dev.hearth.store.MetaCodec;
import dev.hearth.store.ReadOutcome;
import dev.hearth.store.Value;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Readers' and fillers' side of a Hazelcast cluster. A hit is three reads, one after the other: the
 * meta record, then the cell, so that A is read before the value, and the meta record again. A miss
 * puts the marker and then reads the meta record again, so that B is read after the lease was
 * taken. Thread-safe.
 *
 * <p><b>Third read.</b> A read before the value vouches for it only while the Hazelcast partition
 * does not go back in between (a member dies, and its backup is behind). If it did, the second meta
 * record shows another incarnation or a lower A, and the hit does not count; the reader goes to the
 * database. What is not seen: a partition that goes back after the first read, and is replayed up
 * to that A between the second and the third.
 *
 * <p><b>Time to live.</b> A fill is {@code replace(key, marker, entry)}. Measured on 5.7.0: {@code
 * replace} neither keeps the marker's time to live nor takes one; the entry gets the default of its
 * map. So the map of a cache has a short default (see {@link HazelcastStore}), and {@code setTtl}
 * afterwards gives the entry its own. That is two steps, and what may come between them is bounded:
 *
 * <ul>
 *   <li>The filler dies: the entry ends by the map's default. Too early, never too late.
 *   <li>An invalidation and the next lease: {@code setTtl} lengthens somebody's marker. Its owner
 *       can fill as before, and then all is well; should it never fill, the key would be busy for
 *       as long as the entry was to live. So the filler looks at the key once more, and removes a
 *       marker that is not its own; that refuses one fill at most.
 *   <li>An invalidation, a lease and a fill: the next entry of the same cache lives as long as this
 *       one was to.
 * </ul>
 *
 * Nothing of it touches safety: no step puts a value under a key but the {@code replace}, and no
 * reader looks at a clock.
 */
final class HazelcastFencedStore implements FencedStore {
  private static final Logger log = LoggerFactory.getLogger(HazelcastFencedStore.class);

  /** Void cells that a reader clears away before it gives up and calls the key busy. */
  private static final int ATTEMPTS = 4;

  private final String name;
  private final HazelcastLayout layout;
  private final IMap<String, byte[]> metas;
  private final BlockingCalls calls;
  private final Failures failures;
  private final HazelcastStore.Options options;
  private final Map<String, IMap<String, Object>> maps = new ConcurrentHashMap<>();

  HazelcastFencedStore(
      String name, HazelcastLayout layout, BlockingCalls calls, HazelcastStore.Options options) {
    this.name = name;
    this.layout = layout;
    this.metas = layout.metas();
    this.calls = calls;
    this.failures = new Failures(name, options.timeout());
    this.options = options;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public CompletionStage<ReadOutcome> get(CacheKey key) {
    return orUnavailable(
        "a read",
        () ->
            cells(key.cache())
                .thenCompose(
                    cells ->
                        Answers.of(metas.getAsync(layout.metaKey(key)))
                            .thenCompose(meta -> get(key, cells, meta(meta)))));
  }

  private CompletionStage<ReadOutcome> get(
      CacheKey key, IMap<String, Object> cells, Optional<Meta> meta) {
    if (meta.isEmpty()) {
      return CompletableFuture.completedStage(new ReadOutcome.Uncertain());
    }
    return Answers.of(cells.getAsync(key.key()))
        .thenCompose(
            seen -> {
              Decision decision = FencedProtocol.decide(key.cache(), cell(seen), meta);
              if (decision instanceof Decision.Acquire) {
                return calls.call(() -> acquire(key, cells, meta, seen));
              }
              Decision.Answer answer = (Decision.Answer) decision;
              return answer.hit().isEmpty()
                  ? CompletableFuture.completedStage(answer.outcome())
                  : Answers.of(metas.getAsync(layout.metaKey(key)))
                      .thenApply(
                          again ->
                              wentBack(meta, meta(again))
                                  ? new ReadOutcome.Uncertain()
                                  : answer.outcome());
            });
  }

  @Override
  public CompletionStage<Optional<ReadOutcome.Hit>> peek(CacheKey key) {
    return orUnavailable(
        "a peek",
        () ->
            cells(key.cache())
                .thenCompose(
                    cells ->
                        Answers.of(metas.getAsync(layout.metaKey(key)))
                            .thenCompose(meta -> peek(key, cells, meta(meta)))));
  }

  private CompletionStage<Optional<ReadOutcome.Hit>> peek(
      CacheKey key, IMap<String, Object> cells, Optional<Meta> meta) {
    if (meta.isEmpty()) {
      return CompletableFuture.completedStage(Optional.empty());
    }
    return Answers.of(cells.getAsync(key.key()))
        .thenCompose(
            seen -> {
              Optional<ReadOutcome.Hit> hit =
                  FencedProtocol.decide(key.cache(), cell(seen), meta).hit();
              return hit.isEmpty()
                  ? CompletableFuture.completedStage(hit)
                  : Answers.of(metas.getAsync(layout.metaKey(key)))
                      .thenApply(again -> hit.filter(same -> !wentBack(meta, meta(again))));
            });
  }

  /** Whether a meta record, read after another one, shows a store that lost something meanwhile. */
  static boolean wentBack(Optional<Meta> first, Optional<Meta> second) {
    return first.isPresent()
        && (second.isEmpty()
            || second.get().incarnation() != first.get().incarnation()
            || !second.get().applied().atLeast(first.get().applied()));
  }

  private ReadOutcome acquire(
      CacheKey key, IMap<String, Object> cells, Optional<Meta> before, @Nullable Object found) {
    LeaseToken token = options.tokens().get();
    byte[] marker = CellCodec.marker(token);
    Object seen = found;
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
      if (seen != null) {
        // Replacing it by the marker would give the marker the map's time to live.
        cells.remove(key.key(), seen);
      }
      seen =
          cells.putIfAbsent(
              key.key(), marker, ClusterTime.seconds(options.leaseTime()), TimeUnit.SECONDS);
      // Hazelcast repeats a call whose member died: the marker that it then finds may be ours.
      if (seen == null || same(seen, marker)) {
        return granted(key, token);
      }
      Decision decision = FencedProtocol.decide(key.cache(), cell(seen), before);
      if (decision instanceof Decision.Answer answer) {
        return answer.hit().isPresent() && wentBack(before, meta(metas.get(layout.metaKey(key))))
            ? new ReadOutcome.Uncertain()
            : answer.outcome();
      }
    }
    return new ReadOutcome.Busy();
  }

  private ReadOutcome granted(CacheKey key, LeaseToken token) {
    // Where there is none any more the marker stays behind, and ends with its lease.
    return meta(metas.get(layout.metaKey(key)))
        .<ReadOutcome>map(meta -> new ReadOutcome.Granted(FencedProtocol.lease(key, token, meta)))
        .orElseGet(ReadOutcome.Uncertain::new);
  }

  @Override
  public CompletionStage<FillOutcome> fill(CacheKey key, Lease lease, Value value, Duration ttl) {
    return orUnavailable(
        "a fill",
        () ->
            cells(key.cache())
                .thenCompose(cells -> calls.call(() -> fill(cells, key, lease, value, ttl))));
  }

  private FillOutcome fill(
      IMap<String, Object> cells, CacheKey key, Lease lease, Value value, Duration ttl) {
    byte[] marker = CellCodec.marker(lease.token());
    byte[] entry = CellCodec.entry(lease, value);
    if (!cells.replace(key.key(), marker, entry)) {
      Object now = cells.get(key.key());
      if (now != null && same(now, marker)) {
        throw failures.comparesByIdentity(cells.getName());
      }
      return FillOutcome.LEASE_LOST;
    }
    try {
      if (cells.setTtl(key.key(), ClusterTime.seconds(ttl), TimeUnit.SECONDS)) {
        Object now = cells.get(key.key());
        if (now != null && cell(now).orElseThrow() instanceof Cell.Marker) {
          cells.remove(key.key(), now);
        }
      }
    } catch (HazelcastException | IllegalStateException e) {
      // The entry is stored; it ends by the map's default.
      log.debug("Entry kept the map's time to live: store={} error={}", name, e.toString());
    }
    return FillOutcome.STORED;
  }

  @Override
  public CompletionStage<Void> release(CacheKey key, Lease lease) {
    return orUnavailable(
        "a release",
        () ->
            cells(key.cache())
                .thenCompose(
                    cells ->
                        calls.call(() -> cells.remove(key.key(), CellCodec.marker(lease.token()))))
                .thenAccept(removed -> {}));
  }

  @Override
  public Stream<String> keys(String cache, String prefix) {
    try {
      IMap<String, Object> cells = layout.cells(cache);
      return IntStream.range(0, layout.hazelcastPartitions())
          .boxed()
          .flatMap(home -> keysIn(cells, home).stream())
          // A foreign key need not be a text.
          .filter(key -> (Object) key instanceof String && key.startsWith(prefix));
    } catch (RuntimeException e) {
      throw failures.unavailable("a listing of its keys", e);
    }
  }

  private Set<String> keysIn(IMap<String, Object> cells, int home) {
    try {
      return cells.keySet(
          Predicates.partitionPredicate(layout.metaKey(0, home), Predicates.alwaysTrue()));
    } catch (RuntimeException e) {
      throw failures.unavailable("a listing of its keys", e);
    }
  }

  @Override
  public void close() {
    calls.close();
  }

  private CompletionStage<IMap<String, Object>> cells(String cache) {
    IMap<String, Object> known = maps.get(cache);
    return known != null
        ? CompletableFuture.completedStage(known)
        : calls.call(() -> maps.computeIfAbsent(cache, layout::cells));
  }

  private <T> CompletionStage<T> orUnavailable(
      String what, Supplier<CompletionStage<T>> operation) {
    CompletableFuture<T> result = new CompletableFuture<>();
    try {
      operation
          .get()
          .whenComplete(
              (value, failure) -> {
                if (failure == null) {
                  result.complete(value);
                } else {
                  result.completeExceptionally(failure);
                }
              });
    } catch (RuntimeException e) {
      result.completeExceptionally(e);
    }
    return result
        .orTimeout(options.timeout().toMillis(), TimeUnit.MILLISECONDS)
        .exceptionallyCompose(
            failure -> CompletableFuture.failedStage(failures.unavailable(what, failure)));
  }

  private static boolean same(Object seen, byte[] bytes) {
    return seen instanceof byte[] other && Arrays.equals(other, bytes);
  }

  private static Optional<Cell> cell(@Nullable Object seen) {
    if (seen == null) {
      return Optional.empty();
    }
    return Optional.of(seen instanceof byte[] bytes ? CellCodec.decode(bytes) : new Cell.Foreign());
  }

  private static Optional<Meta> meta(byte @Nullable [] bytes) {
    return bytes == null ? Optional.empty() : MetaCodec.decode(bytes);
  }
}
