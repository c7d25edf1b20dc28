package dev.hearth.store.hazelcast;

import com.hazelcast.core.HazelcastException;
import com.hazelcast.core.HazelcastJsonValue;
import com.hazelcast.map.IMap;
import com.hazelcast.nio.serialization.HazelcastSerializationException;
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
import dev.hearth.store.StoreRoom;
import dev.hearth.store.TagRead;
import dev.hearth.store.Value;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Readers' and fillers' side of a Hazelcast cluster. A read is one {@code getAll} of the cell and
 * the meta record, which stand in one map and one Hazelcast partition: one operation on that
 * partition's thread, so that value and A are of one moment, whatever dies or moves meanwhile. A
 * miss puts the marker and then reads the meta record, so that B is read after the lease was taken.
 * Thread-safe.
 *
 * <p><b>Time to live.</b> A fill is {@code replace(key, marker, entry)}. Measured on 5.7.0: {@code
 * replace} neither keeps the marker's time to live nor takes one; the entry gets the default of its
 * map, and {@code setTtl} afterwards gives it its own. That is two steps, and what may come between
 * them is bounded:
 *
 * <ul>
 *   <li>The filler dies: the entry ends by the map's default (see {@link HazelcastStore}). Where
 *       only {@code setTtl} fails, the filler deletes the entry.
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

  private static final CacheKey ANY = new CacheKey("", "");

  private final String name;
  private final HazelcastLayout layout;
  private final IMap<String, Object> entries;
  private final HazelcastCells cells;
  private final CallsByMember calls;
  private final Failures failures;
  private final HazelcastStore.Options options;

  HazelcastFencedStore(
      String name, HazelcastLayout layout, CallsByMember calls, HazelcastStore.Options options) {
    this.name = name;
    this.layout = layout;
    this.entries = layout.entries();
    this.cells = new HazelcastCells(layout);
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
    return orUnavailable("a read", key, () -> readOrAcquire(key, read(key, List.of()), List.of()));
  }

  /**
   * One {@code getAll} for each member that has something of it, all at the same time, each in that
   * member's own threads: a member that hangs holds up the reads that need it and no others.
   */
  @Override
  public CompletionStage<ReadOutcome> get(CacheKey key, List<CacheKey> tags) {
    if (tags.isEmpty()) {
      return get(key);
    }
    Map<UUID, List<CacheKey>> byOwner =
        Stream.concat(Stream.of(key), tags.stream())
            .collect(Collectors.groupingBy(layout::ownerOf));
    Map<CacheKey, HazelcastCells.Found> found = new ConcurrentHashMap<>();
    CompletableFuture<?>[] answers =
        byOwner.values().stream()
            .map(
                together ->
                    orUnavailable(
                            "a read",
                            together.get(0),
                            () -> {
                              found.putAll(cells.read(together));
                              return together;
                            })
                        .toCompletableFuture())
            .toArray(CompletableFuture[]::new);
    return CompletableFuture.allOf(answers)
        .thenCompose(
            all -> {
              List<TagRead> reads = tags.stream().map(tag -> tagRead(tag, found)).toList();
              Seen seen = seen(key, Objects.requireNonNull(found.get(key)), reads);
              return seen.decision() instanceof Decision.Answer answer
                  ? CompletableFuture.completedStage(answer.outcome())
                  : orUnavailable("a read", key, () -> readOrAcquire(key, seen, reads));
            });
  }

  @Override
  public CompletionStage<Optional<ReadOutcome.Hit>> peek(CacheKey key) {
    return orUnavailable("a peek", key, () -> read(key, List.of()).decision().hit());
  }

  /** A cell, as it was found, and what it means with the record that was read with it. */
  private record Seen(@Nullable Object cell, Decision decision) {}

  private Seen read(CacheKey key, List<TagRead> tags) {
    return seen(key, Objects.requireNonNull(cells.read(List.of(key)).get(key)), tags);
  }

  private Seen seen(CacheKey key, HazelcastCells.Found found, List<TagRead> tags) {
    return new Seen(
        found.cell(),
        FencedProtocol.decide(key.cache(), noted(key, found.cell()), meta(found.meta()), tags));
  }

  private TagRead tagRead(CacheKey tag, Map<CacheKey, HazelcastCells.Found> all) {
    HazelcastCells.Found found = Objects.requireNonNull(all.get(tag));
    return new TagRead(tag, noted(tag, found.cell()), meta(found.meta()));
  }

  /** The cell, after who wants to know has been told that it is foreign. */
  private Optional<Cell> noted(CacheKey key, @Nullable Object cell) {
    Optional<Cell> decoded = cell(cell);
    if (decoded.isPresent() && decoded.get() instanceof Cell.Foreign && !isTombstone(cell)) {
      options.foreign().accept(key);
    }
    return decoded;
  }

  private ReadOutcome readOrAcquire(CacheKey key, Seen first, List<TagRead> tags) {
    String cellKey = HazelcastLayout.cellKey(key);
    Seen seen = first;
    for (int attempt = 1; ; attempt++) {
      if (seen.decision() instanceof Decision.Answer answer) {
        return answer.outcome();
      }
      clear(cellKey, seen.cell());
      LeaseToken token = options.tokens().get();
      if (mark(cellKey, CellCodec.marker(token))) {
        return granted(key, token, tags);
      }
      if (attempt == ATTEMPTS) {
        return new ReadOutcome.Busy();
      }
      seen = read(key, tags);
    }
  }

  /** Makes room: to replace a cell by the marker would give the marker the map's time to live. */
  private void clear(String cellKey, @Nullable Object cell) {
    if (cell instanceof byte[]) {
      entries.remove(cellKey, cell);
    } else if (cell != null) {
      // What is no bytes need not be equal to itself. Should it be a marker by now, one fill fails.
      entries.delete(cellKey);
    }
  }

  private boolean mark(String cellKey, byte[] marker) {
    try {
      Object there =
          entries.putIfAbsent(
              cellKey, marker, ClusterTime.seconds(options.leaseTime()), TimeUnit.SECONDS);
      // Hazelcast repeats a call whose member died: the marker that it then finds may be ours.
      return there == null || same(there, marker);
    } catch (HazelcastSerializationException e) {
      return false;
    }
  }

  private ReadOutcome granted(CacheKey key, LeaseToken token, List<TagRead> tags) {
    // Where there is none any more the marker stays behind, and ends with its lease.
    return meta(Unreadable.get(entries, layout.metaKey(key)))
        .map(meta -> FencedProtocol.granted(key, token, meta, tags))
        .orElseGet(ReadOutcome.Uncertain::new);
  }

  @Override
  public CompletionStage<FillOutcome> fill(CacheKey key, Lease lease, Value value, Duration ttl) {
    return orUnavailable(
        "a fill", key, () -> fill(HazelcastLayout.cellKey(key), lease, value, ttl));
  }

  private FillOutcome fill(String cellKey, Lease lease, Value value, Duration ttl) {
    byte[] marker = CellCodec.marker(lease.token());
    if (!entries.replace(cellKey, marker, CellCodec.entry(lease, value))) {
      if (same(Unreadable.get(entries, cellKey), marker)) {
        throw failures.comparesByIdentity(entries.getName());
      }
      return FillOutcome.LEASE_LOST;
    }
    try {
      if (entries.setTtl(cellKey, ClusterTime.seconds(ttl), TimeUnit.SECONDS)) {
        Object now = Unreadable.get(entries, cellKey);
        if (now != null && cell(now).orElseThrow() instanceof Cell.Marker) {
          entries.remove(cellKey, now);
        }
      }
    } catch (HazelcastException | IllegalStateException e) {
      // The map's time to live is far too long for it; an entry may always be lost.
      entries.deleteAsync(cellKey);
      log.debug("Entry got no time to live: store={} error={}", name, e.toString());
    }
    return FillOutcome.STORED;
  }

  @Override
  public CompletionStage<Void> release(CacheKey key, Lease lease) {
    return orUnavailable(
            "a release",
            key,
            () -> entries.remove(HazelcastLayout.cellKey(key), CellCodec.marker(lease.token())))
        .thenAccept(removed -> {});
  }

  @Override
  public CompletionStage<Optional<byte[]>> raw(CacheKey key) {
    return orUnavailable(
        "a look", key, () -> bytes(Unreadable.get(entries, HazelcastLayout.cellKey(key))));
  }

  @Override
  public CompletionStage<Optional<Meta>> meta(CacheKey key) {
    return orUnavailable(
        "a look at its positions", key, () -> meta(Unreadable.get(entries, layout.metaKey(key))));
  }

  @Override
  public CompletionStage<List<StoreRoom>> room() {
    HazelcastRoom room = new HazelcastRoom(layout.hazelcast(), entries, options.timeout());
    return orUnavailable("a question for its room", ANY, () -> List.of(room.ask()));
  }

  private static Optional<byte[]> bytes(@Nullable Object found) {
    if (found instanceof byte[] bytes) {
      return Optional.of(bytes);
    }
    return found instanceof String || found instanceof HazelcastJsonValue
        ? Optional.of(found.toString().getBytes(StandardCharsets.UTF_8))
        : Optional.empty();
  }

  @Override
  public Stream<String> keys(String cache, String prefix) {
    String cells = HazelcastLayout.cellKeys(cache);
    return IntStream.range(0, layout.hazelcastPartitions())
        .boxed()
        .flatMap(home -> keysIn(home).stream())
        .filter(key -> key.startsWith(cells + prefix))
        .map(key -> key.substring(cells.length()));
  }

  private List<String> keysIn(int home) {
    List<String> keys = new ArrayList<>();
    try {
      Iterator<?> found =
          entries
              .keySet(
                  Predicates.partitionPredicate(layout.metaKey(0, home), Predicates.alwaysTrue()))
              .iterator();
      while (found.hasNext()) {
        text(found).ifPresent(keys::add);
      }
      return keys;
    } catch (RuntimeException e) {
      throw failures.unavailable("a listing of its keys", e);
    }
  }

  /** A foreign key need not be a text, nor of a class that is here. */
  private static Optional<String> text(Iterator<?> keys) {
    try {
      return keys.next() instanceof String text ? Optional.of(text) : Optional.empty();
    } catch (HazelcastSerializationException e) {
      return Optional.empty();
    }
  }

  @Override
  public Set<String> members() {
    try {
      return layout.members();
    } catch (HazelcastException | IllegalStateException e) {
      // The client is not connected, or is closing.
      return Set.of();
    }
  }

  @Override
  public void close() {
    calls.close();
  }

  private <T> CompletionStage<T> orUnavailable(String what, CacheKey key, Supplier<T> blocking) {
    return calls
        .call(layout.ownerOf(key), blocking, options.timeout())
        .exceptionallyCompose(
            failure -> CompletableFuture.failedStage(failures.unavailable(what, failure)));
  }

  /** A delivery that deletes firmly puts one there for a moment. */
  private static boolean isTombstone(@Nullable Object cell) {
    return same(cell, HazelcastLayout.TOMBSTONE);
  }

  private static boolean same(@Nullable Object seen, byte[] bytes) {
    return seen instanceof byte[] other && Arrays.equals(other, bytes);
  }

  private static Optional<Cell> cell(@Nullable Object seen) {
    if (seen == null) {
      return Optional.empty();
    }
    return Optional.of(seen instanceof byte[] bytes ? CellCodec.decode(bytes) : new Cell.Foreign());
  }

  private static Optional<Meta> meta(@Nullable Object seen) {
    return seen instanceof byte[] bytes ? MetaCodec.decode(bytes) : Optional.empty();
  }
}
