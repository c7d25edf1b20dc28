package dev.hearth.store;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.stream.Stream;

/**
 * The fenced entry as readers and fillers see it; see {@link FencedProtocol}. Thread-safe. A store
 * that does not answer completes the stage with {@link StoreUnavailableException} (as the cause of
 * a {@link java.util.concurrent.CompletionException}, as always with stages); nothing is then known
 * of the outcome, and nothing needs to be: every operation may be lost or repeated. Stages may
 * complete on threads of the store's client: what is chained to them must not block.
 */
public interface FencedStore extends AutoCloseable {

  /** Name in the configuration. */
  String name();

  /** Reads a key, and takes a lease where it misses. */
  CompletionStage<ReadOutcome> get(CacheKey key);

  /**
   * Reads a key whose entry depends on tags, and takes a lease where it misses and every tag has a
   * token. A tag is an entry of a group that invalidations reach as they reach a cache; whoever
   * finds it missing creates it with {@link #get(CacheKey)} and a fill with {@link TagToken#value}.
   *
   * @param tags in an order that all readers of the key keep, {@value FencedProtocol#MOST_TAGS} at
   *     most; none reads as {@link #get(CacheKey)} does
   */
  CompletionStage<ReadOutcome> get(CacheKey key, List<CacheKey> tags);

  /**
   * Reads a key as {@link #get} does, but takes no lease and changes nothing; empty for anything
   * but an entry that is believed.
   */
  CompletionStage<Optional<ReadOutcome.Hit>> peek(CacheKey key);

  /**
   * Stores a value under a lease, for a time to live on the store's clock.
   *
   * @param ttl at least a millisecond; a store may round it up to what its clock can count, never
   *     down: Hazelcast counts seconds and adds one
   */
  CompletionStage<FillOutcome> fill(CacheKey key, Lease lease, Value value, Duration ttl);

  /**
   * Gives a lease back unused, so that a filler whose load failed does not keep the key busy.
   * Removes just this lease's marker; harmless where that is gone.
   */
  CompletionStage<Void> release(CacheKey key, Lease lease);

  /**
   * What stands under a key, whoever wrote it and in whatever form: for audits of caches that
   * others fill. Empty where there is nothing, or neither bytes nor a text.
   */
  default CompletionStage<Optional<byte[]>> raw(CacheKey key) {
    return CompletableFuture.failedStage(
        new UnsupportedOperationException("store " + name() + " has only fenced caches"));
  }

  /**
   * Keys of a cache that are in the store, entries and markers, in no order; for audits. What comes
   * or goes meanwhile may be missed. Blocks; close the stream.
   *
   * @param prefix literal text that every key of the cache begins with
   */
  Stream<String> keys(String cache, String prefix);

  /**
   * How far the invalidations that reach a key are applied: the record that speaks for the key's
   * place, without a look at the key. Empty where the store has none, and so believes nothing. In a
   * store that keeps several records of a partition, this one may lag behind the others by a
   * second.
   */
  default CompletionStage<Optional<Meta>> meta(CacheKey key) {
    return CompletableFuture.failedStage(
        new UnsupportedOperationException("store " + name() + " does not tell its positions"));
  }

  /**
   * The room that each server of the store has for entries; empty where the store cannot tell of
   * any.
   */
  default CompletionStage<List<StoreRoom>> room() {
    return CompletableFuture.completedStage(List.of());
  }

  /**
   * Members of the store's cluster as this process knows them now, by names that stay for as long
   * as they live; empty where the store has none to tell. Redis never has: a replica that takes
   * over has the data, and a node that lost its memory keeps its id, so a loss is told by the
   * incarnation alone. Does not block, and asks nobody.
   */
  default Set<String> members() {
    return Set.of();
  }

  /** Closes connections that this store opened. */
  @Override
  void close();
}
