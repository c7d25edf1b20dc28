package dev.hearth.warmer.run;

import dev.hearth.schemas.position.Position;
import dev.hearth.store.CacheKey;
import dev.hearth.store.Cell;
import dev.hearth.store.FencedProtocol;
import dev.hearth.store.FencedProtocol.Operation;
import dev.hearth.store.FencedProtocol.Outcome;
import dev.hearth.store.FencedStore;
import dev.hearth.store.FillOutcome;
import dev.hearth.store.Lease;
import dev.hearth.store.LeaseToken;
import dev.hearth.store.Meta;
import dev.hearth.store.ReadOutcome;
import dev.hearth.store.StoreUnavailableException;
import dev.hearth.store.TagRead;
import dev.hearth.store.Value;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.stream.Stream;

/** The protocol's pure function with a memory. */
final class MemoryStore implements FencedStore {
  private final String name;
  private final List<Duration> lives = new ArrayList<>();
  private FencedProtocol.State state =
      new FencedProtocol.State(
          Map.of(),
          Optional.of(new Meta(1, new Position(1, 10), new Position(1, 10), Map.of(), "topic", 0)));
  private final Map<CacheKey, Integer> gets = new HashMap<>();
  private boolean silent;

  MemoryStore(String name) {
    this.name = name;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public CompletionStage<ReadOutcome> get(CacheKey key) {
    return get(key, List.of());
  }

  @Override
  public synchronized CompletionStage<ReadOutcome> get(CacheKey key, List<CacheKey> tags) {
    if (silent) {
      return CompletableFuture.failedStage(
          new StoreUnavailableException("silent", new IllegalStateException()));
    }
    gets.merge(key, 1, Integer::sum);
    List<TagRead> reads = tags.stream().map(state::tag).toList();
    return CompletableFuture.completedStage(
        ((Outcome.Read) apply(new Operation.Get(key, LeaseToken.random(), reads))).outcome());
  }

  @Override
  public synchronized CompletionStage<Optional<ReadOutcome.Hit>> peek(CacheKey key) {
    return CompletableFuture.completedStage(
        ((Outcome.Peeked) apply(new Operation.Peek(key))).hit());
  }

  @Override
  public synchronized CompletionStage<Void> release(CacheKey key, Lease lease) {
    apply(new Operation.Release(key, lease));
    CompletableFuture<Void> released = new CompletableFuture<>();
    released.complete(null);
    return released;
  }

  @Override
  public synchronized CompletionStage<FillOutcome> fill(
      CacheKey key, Lease lease, Value value, Duration ttl) {
    lives.add(ttl);
    return CompletableFuture.completedStage(
        ((Outcome.Filled) apply(new Operation.Fill(key, lease, value))).outcome());
  }

  synchronized void invalidate(CacheKey key) {
    apply(new Operation.Delete(key));
  }

  /** B, as an invalidation of some other key raises it; A stays. */
  synchronized void raise(Position raised) {
    Meta meta = state.meta().orElseThrow();
    state =
        new FencedProtocol.State(
            state.cells(),
            Optional.of(
                new Meta(
                    meta.incarnation(),
                    meta.applied(),
                    raised,
                    meta.generations(),
                    meta.topicId(),
                    meta.offset())));
  }

  synchronized void forgetPositions() {
    state = new FencedProtocol.State(state.cells(), Optional.empty());
  }

  synchronized void fallSilent() {
    silent = true;
  }

  synchronized Optional<Value> entry(CacheKey key) {
    return state.cells().get(key) instanceof Cell.Entry entry
        ? Optional.of(entry.value())
        : Optional.empty();
  }

  /** How often a key was asked for. */
  synchronized int gets(CacheKey key) {
    return gets.getOrDefault(key, 0);
  }

  synchronized List<Duration> lives() {
    return List.copyOf(lives);
  }

  private Outcome apply(Operation operation) {
    FencedProtocol.Transition next = FencedProtocol.apply(state, operation);
    state = next.state();
    return next.outcome();
  }

  @Override
  public Stream<String> keys(String cache, String prefix) {
    return Stream.empty();
  }

  @Override
  public void close() {}
}
