package dev.hearth.client;

import dev.hearth.client.CacheMeters.Bypass;
import dev.hearth.schemas.position.Position;
import dev.hearth.store.CacheKey;
import dev.hearth.store.Lease;
import dev.hearth.store.ReadOutcome;
import java.util.Optional;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * One read of one key, from the store or from the loader, and what it leaves behind. Thread-safe.
 *
 * @param waits the waiting of one read
 * @param ticker nanoseconds that only grow
 * @param fresh empty where the cache follows no invalidations
 * @param near empty where nothing is kept in the process
 * @param <V> what is cached
 */
record ReadThrough<V>(
    String cache,
    BoundedStore store,
    Entries<V> entries,
    TagGroups tagGroups,
    Supplier<Waiting> waits,
    LongSupplier ticker,
    CacheMeters meters,
    Optional<FreshReads<V>> fresh,
    Optional<NearReads<V>> near) {

  /**
   * The value of a key, as fresh as asked.
   *
   * @throws StaleReadException where the policy refuses it
   */
  Answer<V> answer(TaggedKey key, Loader<V> loader, Freshness asked) {
    long begun = asked instanceof Freshness.Any ? 0 : ticker.getAsLong();
    Waiting waiting = waits.get();
    boolean created = false;
    while (true) {
      Optional<ReadOutcome> outcome = store.get(key);
      if (outcome.isEmpty()) {
        return bypass(Bypass.STORE_FAILURE, key, loader);
      }
      if (outcome.get() instanceof ReadOutcome.Hit hit) {
        return hit(key, hit, loader, asked, begun);
      }
      if (outcome.get() instanceof ReadOutcome.Granted granted) {
        return loadAndFill(key, granted.lease(), loader, asked);
      }
      if (outcome.get() instanceof ReadOutcome.Uncertain) {
        return bypass(Bypass.UNCERTAIN, key, loader);
      }
      Bypass reason = Bypass.BUSY;
      if (outcome.get() instanceof ReadOutcome.TagsMissing missing) {
        if (!store.create(missing.tags(), tagGroups::lifeOf)) {
          return bypass(Bypass.STORE_FAILURE, key, loader);
        }
        if (!created) {
          // What counts is what is read from the store next, not what was sent to it.
          created = true;
          continue;
        }
        reason = Bypass.TAGS;
      }
      if (!waiting.goesOn()) {
        return bypass(reason, key, loader);
      }
    }
  }

  /**
   * The order that everything rests on: the loader begins after the lease was granted, and after
   * the tokens that the lease carries were read.
   */
  private Answer<V> loadAndFill(TaggedKey key, Lease lease, Loader<V> loader, Freshness asked) {
    Answer<V> loaded;
    try {
      loaded = load(key.key(), loader, context(lease, asked));
    } catch (RuntimeException | Error e) {
      // Others need not wait for a value that does not come.
      store.release(key.key(), lease);
      throw e;
    }
    int bytes = entries.fill(key.key(), lease, loaded.value());
    keep(key, loaded.value(), lease.applied());
    return loaded.encodedAs(bytes);
  }

  /** Who asks for freshness may ask for more than the store knows of, which B is. */
  private static LoadContext context(Lease lease, Freshness asked) {
    return asked instanceof Freshness.Any
        ? LoadContext.from(lease.raised())
        : LoadContext.primaryOnly();
  }

  private Answer<V> hit(
      TaggedKey key, ReadOutcome.Hit hit, Loader<V> loader, Freshness asked, long begun) {
    if (!(asked instanceof Freshness.Any)) {
      FreshReads<V> guard = fresh.orElseThrow();
      Optional<FreshReads.InDoubt> inDoubt = guard.doubt(key.key(), hit, asked, begun);
      if (inDoubt.isPresent()) {
        return guard.answer(
            key.key(),
            inDoubt.get(),
            () -> decoded(key, hit, loader),
            () -> load(key.key(), loader, LoadContext.primaryOnly()));
      }
    }
    Answer<V> answer = decoded(key, hit, loader);
    if (answer.hit()) {
      keep(key, answer.value(), hit.vouching());
    }
    return answer;
  }

  private Answer<V> decoded(TaggedKey key, ReadOutcome.Hit hit, Loader<V> loader) {
    return entries.decode(hit.value()).orElseGet(() -> bypass(Bypass.UNDECODABLE, key, loader));
  }

  private void keep(TaggedKey key, Optional<V> value, Position vouching) {
    near.ifPresent(values -> values.offer(key, value, vouching));
  }

  private Answer<V> bypass(Bypass reason, TaggedKey key, Loader<V> loader) {
    meters.bypassed(reason);
    return load(key.key(), loader, LoadContext.primaryOnly());
  }

  private Answer<V> load(CacheKey key, Loader<V> loader, LoadContext context) {
    long start = ticker.getAsLong();
    Optional<V> value = LoaderThread.load(cache, key.key(), loader, context);
    return Answer.loaded(value, start, ticker.getAsLong() - start);
  }
}
