package dev.hearth.client;

import dev.hearth.client.CacheMeters.Stale;
import dev.hearth.client.FreshnessPolicy.Course;
import dev.hearth.client.feed.Evidence;
import dev.hearth.client.feed.InvalidationFeed;
import dev.hearth.store.CacheKey;
import dev.hearth.store.ReadOutcome;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Reads of one cache that ask for freshness: whether a hit is proven to be as fresh as asked, and
 * what the reader gets where it is not. Thread-safe.
 *
 * @param <V> what is cached
 */
final class FreshReads<V> {
  private final String cache;
  private final InvalidationFeed feed;
  private final FreshnessPolicy policy;
  private final CacheMeters meters;
  private final Flights<String, Answer<V>> loads = new Flights<>();

  FreshReads(String cache, InvalidationFeed feed, FreshnessPolicy policy, CacheMeters meters) {
    this.cache = cache;
    this.feed = feed;
    this.policy = policy;
    this.meters = meters;
  }

  /**
   * A hit that is not proven to be as fresh as asked.
   *
   * @param asked by a call that began at {@code begunTick}
   */
  record InDoubt(Freshness asked, long begunTick, Doubt doubt, Evidence evidence) {}

  /** Empty where the hit is proven. */
  Optional<InDoubt> doubt(CacheKey key, ReadOutcome.Hit hit, Freshness asked, long begunTick) {
    Evidence evidence = feed.applied(feed.partitionOf(key.key()), hit.applied(), hit.offset());
    for (ReadOutcome.TagApplied tag : hit.tags()) {
      evidence =
          evidence.orOlder(
              feed.applied(feed.partitionOf(tag.tag().key()), tag.applied(), tag.offset()));
    }
    return inDoubt(asked, begunTick, evidence.and(hit.stamp()));
  }

  private static Optional<InDoubt> inDoubt(Freshness asked, long begunTick, Evidence evidence) {
    return Doubt.of(asked, evidence).map(doubt -> new InDoubt(asked, begunTick, doubt, evidence));
  }

  /**
   * What the policy gives.
   *
   * @param fromCache decodes the hit
   * @param fromDatabase calls the loader
   * @throws StaleReadException where that is nothing
   */
  Answer<V> answer(
      CacheKey key, InDoubt read, Supplier<Answer<V>> fromCache, Supplier<Answer<V>> fromDatabase) {
    Course course = policy.course(read.doubt(), read.evidence());
    if (course == Course.REFUSE) {
      throw refused(key, read, "the policy is to fail");
    }
    if (course == Course.STALE) {
      meters.stale(Stale.SERVED);
      return fromCache.get();
    }
    Supplier<Answer<V>> load =
        () -> {
          if (course == Course.DATABASE_WITHIN_BUDGET && !policy.budget().take()) {
            throw refused(key, read, "the budget for passing by the cache is used up");
          }
          meters.bypassed(read.doubt().bypass());
          return fromDatabase.get();
        };
    if (!(read.asked() instanceof Freshness.Within within) || LoaderThread.isInside()) {
      // A load that began before the call may miss the token's write.
      return loads.share(key.key(), false, load).result();
    }
    // For a bound it may be new enough, and then one load serves all who ask for the key.
    Flights.Landed<Answer<V>> landed = loads.share(key.key(), true, load);
    Answer<V> loaded = landed.result();
    if (read.begunTick() - loaded.loadTick() > within.bound().toNanos()) {
      return load.get();
    }
    // Who led the flight has paid for the load.
    return landed.joined() ? Answer.loaded(loaded.value(), loaded.loadTick(), 0) : loaded;
  }

  private StaleReadException refused(CacheKey key, InDoubt read, String reason) {
    meters.stale(Stale.REFUSED);
    return new StaleReadException(
        "cache "
            + cache
            + " cannot prove its value of key \""
            + key
            + "\" to be "
            + read.asked()
            + ": it holds what was committed up to "
            + read.evidence().position()
            + read.evidence()
                .age()
                .map(age -> ", and all that could be read " + age.toMillis() + " ms ago")
                .orElse("")
            + "; "
            + reason
            + ". Find out why the invalidations stand still, or read with Freshness.any()");
  }
}
