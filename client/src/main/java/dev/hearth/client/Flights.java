package dev.hearth.client;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.function.Supplier;

/**
 * One flight per key: who comes first leads it in its own thread, who comes while it is under way
 * waits for what it brings. Thread-safe.
 *
 * @param <K> what a flight is for
 * @param <T> what a flight brings
 */
final class Flights<K, T> {
  private final ConcurrentMap<K, Flight<T>> underWay = new ConcurrentHashMap<>();

  private record Flight<T>(Thread leader, CompletableFuture<T> landing) {}

  /**
   * What a flight brought.
   *
   * @param joined whether somebody else led it
   */
  record Landed<T>(T result, boolean joined) {}

  /**
   * Leads a flight or joins one. A flight that ends with an exception ends so for everybody.
   *
   * @param mayJoin false for who must not wait for others: a flight is then made apart from them
   * @throws IllegalStateException if the calling thread leads a flight for this key already
   */
  Landed<T> share(K key, boolean mayJoin, Supplier<T> lead) {
    Flight<T> mine = new Flight<>(Thread.currentThread(), new CompletableFuture<>());
    Flight<T> other = underWay.putIfAbsent(key, mine);
    if (other == null) {
      return new Landed<>(lead(key, mine, lead), false);
    }
    if (other.leader() == Thread.currentThread()) {
      throw new IllegalStateException(
          "the loader of key \"" + key + "\" reads the same key; read the database there instead");
    }
    return mayJoin ? new Landed<>(join(other), true) : new Landed<>(lead.get(), false);
  }

  private T lead(K key, Flight<T> flight, Supplier<T> lead) {
    // Out of the map before it lands: who has an answer may rely on the next read being a new one.
    try {
      T result = lead.get();
      underWay.remove(key, flight);
      flight.landing().complete(result);
      return result;
    } catch (Throwable e) {
      underWay.remove(key, flight);
      flight.landing().completeExceptionally(e);
      throw e;
    }
  }

  private T join(Flight<T> flight) {
    try {
      return flight.landing().join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof RuntimeException unchecked) {
        throw unchecked;
      }
      if (e.getCause() instanceof Error error) {
        throw error;
      }
      throw e;
    }
  }

  /** Flights that have not landed. */
  int size() {
    return underWay.size();
  }
}
