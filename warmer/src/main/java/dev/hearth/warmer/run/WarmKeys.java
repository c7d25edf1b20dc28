package dev.hearth.warmer.run;

import dev.hearth.store.CacheKey;
import dev.hearth.store.FencedStore;
import dev.hearth.store.ReadOutcome;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Looks which keys are in every store of a cache; takes no lease. Thread-safe. */
public final class WarmKeys {
  private static final int AT_ONCE = 500;

  private WarmKeys() {}

  /**
   * Those of the keys that every store holds. What a store does not answer in time counts as not
   * held, and all that comes after it: the run asks again anyway.
   *
   * @param longest wait for the answers to some hundred keys
   */
  public static Set<String> among(
      String cache, List<FencedStore> stores, List<String> keys, Duration longest)
      throws InterruptedException {
    Set<String> warm = stores.isEmpty() ? Set.of() : new HashSet<>(keys);
    for (FencedStore store : stores) {
      Set<String> held = new HashSet<>();
      for (int from = 0; from < keys.size(); from += AT_ONCE) {
        List<String> some = keys.subList(from, Math.min(keys.size(), from + AT_ONCE));
        if (!peek(cache, store, some, longest, held)) {
          break;
        }
      }
      warm.retainAll(held);
    }
    return Set.copyOf(warm);
  }

  private static boolean peek(
      String cache, FencedStore store, List<String> keys, Duration longest, Set<String> held)
      throws InterruptedException {
    List<CompletableFuture<Optional<ReadOutcome.Hit>>> answers;
    try {
      answers =
          keys.stream()
              .map(key -> store.peek(new CacheKey(cache, key)).toCompletableFuture())
              .toList();
      CompletableFuture.allOf(answers.toArray(CompletableFuture<?>[]::new))
          .get(longest.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException | TimeoutException | RuntimeException e) {
      return false;
    }
    for (int i = 0; i < keys.size(); i++) {
      if (answers.get(i).join().isPresent()) {
        held.add(keys.get(i));
      }
    }
    return true;
  }
}
