package dev.hearth.client;

import dev.hearth.schemas.position.Position;
import dev.hearth.store.CacheKey;
import dev.hearth.store.Cell;
import dev.hearth.store.FencedProtocol;
import dev.hearth.store.FencedProtocol.Operation;
import dev.hearth.store.FencedProtocol.Outcome;
import dev.hearth.store.FencedProtocol.State;
import dev.hearth.store.FencedProtocol.Transition;
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
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import java.util.stream.Stream;

/** The protocol itself as a store; entries live for ever. Can fail in the ways that stores do. */
final class InMemoryStore implements FencedStore {
  /** What the store does with operations. */
  enum Mood {
    ANSWERS,
    FAILS,
    THROWS,
    HANGS
  }

  private final AtomicReference<State> state = new AtomicReference<>(State.EMPTY);
  private final AtomicInteger gets = new AtomicInteger();
  private final List<Duration> lives = new CopyOnWriteArrayList<>();
  volatile Mood mood = Mood.ANSWERS;
  volatile Mood fillMood = Mood.ANSWERS;

  /** A store that a delivery has already begun to serve. */
  static InMemoryStore withPositions() {
    InMemoryStore store = new InMemoryStore();
    Position begin = new Position(1, 100);
    store.perform(
        new Operation.ReplaceMeta(
            Optional.empty(), new Meta(7, begin, begin, Map.of(), "topic", 0)));
    return store;
  }

  static InMemoryStore withoutPositions() {
    return new InMemoryStore();
  }

  void invalidate(CacheKey key) {
    Meta meta = state().meta().orElseThrow();
    Position raised = new Position(meta.epoch(), meta.raised().lsn() + 1);
    perform(
        new Operation.ReplaceMeta(
            Optional.of(meta),
            new Meta(
                meta.incarnation(),
                meta.applied(),
                raised,
                meta.generations(),
                meta.topicId(),
                meta.offset())));
    perform(new Operation.Delete(key));
  }

  /** As an eviction would. */
  void drop(CacheKey key) {
    perform(new Operation.Delete(key));
  }

  /** What another process would do that misses the key and fills it later. */
  Lease leaseOfAnotherProcess(CacheKey key) {
    Outcome.Read read = (Outcome.Read) perform(new Operation.Get(key, LeaseToken.random()));
    return ((ReadOutcome.Granted) read.outcome()).lease();
  }

  void fillOfAnotherProcess(CacheKey key, Lease lease, Value value) {
    perform(new Operation.Fill(key, lease, value));
  }

  Optional<Value> stored(CacheKey key) {
    return state().cells().get(key) instanceof Cell.Entry entry
        ? Optional.of(entry.value())
        : Optional.empty();
  }

  int gets() {
    return gets.get();
  }

  /** Times to live of the fills, in order. */
  List<Duration> lives() {
    return List.copyOf(lives);
  }

  private State state() {
    return Objects.requireNonNull(state.get());
  }

  private Outcome perform(Operation operation) {
    while (true) {
      State before = state();
      Transition transition = FencedProtocol.apply(before, operation);
      if (state.compareAndSet(before, transition.state())) {
        return transition.outcome();
      }
    }
  }

  private <T> CompletionStage<T> inMood(Mood mood, Supplier<T> answer) {
    return switch (mood) {
      case ANSWERS -> CompletableFuture.completedStage(answer.get());
      case FAILS -> CompletableFuture.failedStage(refusal());
      case THROWS -> throw refusal();
      case HANGS -> new CompletableFuture<>();
    };
  }

  private static StoreUnavailableException refusal() {
    return new StoreUnavailableException(
        "store memory does not answer", new java.io.IOException("connection reset"));
  }

  @Override
  public String name() {
    return "memory";
  }

  @Override
  public CompletionStage<ReadOutcome> get(CacheKey key) {
    return get(key, List.of());
  }

  @Override
  public CompletionStage<ReadOutcome> get(CacheKey key, List<CacheKey> tags) {
    gets.incrementAndGet();
    return inMood(
        mood,
        () -> {
          List<TagRead> reads = tags.stream().map(state()::tag).toList();
          return ((Outcome.Read) perform(new Operation.Get(key, LeaseToken.random(), reads)))
              .outcome();
        });
  }

  @Override
  public CompletionStage<Optional<ReadOutcome.Hit>> peek(CacheKey key) {
    return inMood(mood, () -> ((Outcome.Peeked) perform(new Operation.Peek(key))).hit());
  }

  @Override
  public CompletionStage<Void> release(CacheKey key, Lease lease) {
    CompletionStage<Outcome> released =
        inMood(mood, () -> perform(new Operation.Release(key, lease)));
    return released.thenAccept(outcome -> {});
  }

  @Override
  public CompletionStage<FillOutcome> fill(CacheKey key, Lease lease, Value value, Duration ttl) {
    lives.add(ttl);
    return inMood(
        fillMood,
        () -> ((Outcome.Filled) perform(new Operation.Fill(key, lease, value))).outcome());
  }

  @Override
  public Stream<String> keys(String cache, String prefix) {
    return state().cells().keySet().stream()
        .filter(key -> key.cache().equals(cache) && key.key().startsWith(prefix))
        .map(CacheKey::key);
  }

  @Override
  public void close() {}
}
