package dev.hearth.client;

import dev.hearth.client.access.AccessRecorder;
import dev.hearth.client.feed.InvalidationFeed;
import dev.hearth.client.near.NearCache;
import dev.hearth.schemas.position.Position;
import dev.hearth.store.CacheKey;
import dev.hearth.store.FencedStore;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.composite.CompositeMeterRegistry;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BiPredicate;
import java.util.function.DoubleSupplier;
import java.util.function.LongConsumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A cache that is read through, and that no fill can make older than an invalidation applied before
 * it. Thread-safe; {@link #get} blocks, so never call it from an event loop, least of all the
 * store's own. Owns nothing: whoever opened the store and the recorder closes them.
 *
 * <p>A miss takes a lease, loads, and fills under the lease; where there is no lease to be had (the
 * store fails, knows no position, or somebody else fills for too long) the value is loaded and goes
 * to the caller uncached. Trouble with the store is counted and never reaches the reader.
 * Concurrent reads of one key in one process share one store read and one load; a caller may so be
 * given what a flight read that began before the call.
 *
 * <p>A read may ask for more: to see a write, or to miss nothing older than a bound ({@link
 * Freshness}). It is then answered by proof or from the database, and joins no flight that began
 * too early. This, and values kept in the process, need an {@link InvalidationFeed}.
 *
 * @param <V> what is cached; shared between callers, so best immutable
 */
public final class CoherentCache<V> {
  private final String name;
  private final AccessRecorder recorder;
  private final CacheMeters meters;
  private final TagGroups tagGroups;
  private final Optional<NearReads<V>> near;
  private final ReadThrough<V> through;
  private final Flights<TaggedKey, Answer<V>> flights = new Flights<>();
  private final Flights<TaggedKey, Answer<V>> guarded = new Flights<>();

  private CoherentCache(Builder<V> builder) {
    this.name = builder.cache;
    this.recorder = builder.recorder;
    DoubleSupplier random = builder.random;
    LongSupplier ticker = builder.ticker;
    LongConsumer pause = builder.pause;
    BoundedStore store = new BoundedStore(builder.store, name, builder.storeTimeout, ticker);
    TimeToLive ttl = new TimeToLive(builder.ttl, builder.negativeTtl, builder.jitterShare);
    BusyWait busyWait = new BusyWait(builder.busyBound);
    this.meters = new CacheMeters(builder.registry, name, builder.store.name());
    this.tagGroups = new TagGroups(name, builder.tagTtls, builder.jitterShare, random);
    Optional<InvalidationFeed> feed = Optional.ofNullable(builder.feed);
    this.near =
        Optional.ofNullable(builder.near)
            .map(
                settings ->
                    NearReads.begin(
                        name,
                        feed.orElseThrow(() -> followsNothing(name, "keeps values in the process")),
                        settings,
                        tagGroups.names(),
                        builder.nearAdmission,
                        meters));
    this.through =
        new ReadThrough<>(
            name,
            store,
            new Entries<>(store, builder.codec, ttl, random, meters),
            tagGroups,
            () -> new Waiting(busyWait, random, ticker, pause),
            ticker,
            meters,
            feed.map(stream -> new FreshReads<>(name, stream, builder.policy, meters)),
            near);
  }

  /**
   * Begins a cache.
   *
   * @param cache its name in the configuration
   * @param ttl longest life of an entry on the store's clock; 1 ms to 3650 days
   */
  public static <V> Builder<V> builder(
      String cache, FencedStore store, Codec<V> codec, Duration ttl) {
    return new Builder<>(cache, store, codec, ttl);
  }

  /**
   * The value of a key, from the store or from the loader. Waits as long as the loader takes, and
   * beyond it at most for a few store operations and the busy bound.
   *
   * <p>A loader's exception goes to every caller of its flight, and the lease is given back. An
   * interrupt does not end the waiting for another caller's flight.
   *
   * @return empty where the database has no such row
   * @throws LoaderException where the loader ended with a checked exception
   * @throws IllegalStateException where a loader reads the key that it loads, or returns null
   */
  public Optional<V> get(String key, Loader<V> loader) {
    return get(key, loader, Freshness.any());
  }

  /**
   * The value of a key, proven to be as fresh as asked, or from the loader; otherwise as {@link
   * #get(String, Loader)}. The loader must then read the primary. While the stream of invalidations
   * has stopped, the policy says what such a read gets.
   *
   * @throws StaleReadException where the policy refuses the read, or its budget is used up
   * @throws IllegalStateException where freshness is asked for and the cache follows no feed
   */
  public Optional<V> get(String key, Loader<V> loader, Freshness freshness) {
    return get(key, List.of(), loader, freshness);
  }

  /**
   * The value of a key that depends on more than its own row; otherwise as {@link #get(String,
   * Loader)}. As soon as an invalidation of one of the tags is applied in the store, what was
   * loaded before it is read no more.
   *
   * @param tags what the value depends on, 64 at most, known before it is loaded and always the
   *     same for a key: who names others for it reads past what was filled under these, and fills
   *     it anew. None reads as {@link #get(String, Loader)} does
   * @throws IllegalArgumentException for more tags, or one of a group that the cache does not know
   */
  public Optional<V> get(String key, Collection<Tag> tags, Loader<V> loader) {
    return get(key, tags, loader, Freshness.any());
  }

  /**
   * As {@link #get(String, Collection, Loader)}, proven to be as fresh as asked, as {@link
   * #get(String, Loader, Freshness)}.
   */
  public Optional<V> get(String key, Collection<Tag> tags, Loader<V> loader, Freshness freshness) {
    TaggedKey taggedKey = tagGroups.of(new CacheKey(name, key), tags);
    try {
      Flights.Landed<Answer<V>> landed = read(taggedKey, loader, freshness);
      Answer<V> answer = landed.result();
      meters.read(answer.hit());
      if (answer.hit()) {
        recorder.hit(name, key, answer.bytes());
      } else {
        recorder.miss(name, key, landed.joined() ? 0 : answer.loadNanos(), answer.bytes());
      }
      return answer.value();
    } catch (RuntimeException | Error e) {
      meters.read(false);
      recorder.miss(name, key, 0, 0);
      throw e;
    }
  }

  private Flights.Landed<Answer<V>> read(TaggedKey key, Loader<V> loader, Freshness asked) {
    if (near.isPresent()) {
      Optional<NearCache.Found<V>> found = near.get().find(key, asked);
      if (found.isPresent()) {
        return new Flights.Landed<>(Answer.hit(found.get().value()), false);
      }
    }
    boolean any = asked instanceof Freshness.Any;
    if (!any && through.fresh().isEmpty()) {
      throw followsNothing(name, "is asked for freshness");
    }
    return (any ? flights : guarded)
        .share(key, any && !LoaderThread.isInside(), () -> through.answer(key, loader, asked));
  }

  private static IllegalStateException followsNothing(String cache, String what) {
    return new IllegalStateException(
        "cache "
            + cache
            + " "
            + what
            + " and follows no invalidations; give its builder an InvalidationFeed with"
            + " follow(...)");
  }

  /** Flights that have not landed; for tests. */
  int flightsUnderWay() {
    return flights.size();
  }

  /** Settings of a cache. For use by one thread. */
  public static final class Builder<V> {
    private static final Duration LONGEST_NEGATIVE = Duration.ofSeconds(30);

    private final String cache;
    private final FencedStore store;
    private final Codec<V> codec;
    private final Duration ttl;
    private Duration negativeTtl;
    private double jitterShare = 0.10;
    private Duration storeTimeout = Duration.ofSeconds(1);
    private Duration busyBound = Duration.ofMillis(100);
    private AccessRecorder recorder = AccessRecorder.none();
    private MeterRegistry registry = new CompositeMeterRegistry();
    private FreshnessPolicy policy = FreshnessPolicy.defaults();
    private @Nullable InvalidationFeed feed;
    private @Nullable NearSettings near;
    private final Map<String, Duration> tagTtls = new TreeMap<>();
    private BiPredicate<Position, Position> nearAdmission = Position::atLeast;
    private DoubleSupplier random = () -> ThreadLocalRandom.current().nextDouble();
    private LongSupplier ticker = System::nanoTime;
    private LongConsumer pause = LockSupport::parkNanos;

    private Builder(String cache, FencedStore store, Codec<V> codec, Duration ttl) {
      this.cache = cache;
      this.store = store;
      this.codec = codec;
      this.ttl = ttl;
      this.negativeTtl = ttl.compareTo(LONGEST_NEGATIVE) < 0 ? ttl : LONGEST_NEGATIVE;
    }

    /** Longest life of an entry that says that there is no row; by default 30 s, or ttl if less. */
    public Builder<V> negativeTtl(Duration negativeTtl) {
      this.negativeTtl = negativeTtl;
      return this;
    }

    /**
     * By how much a life may be shortened at random, so that entries do not end together.
     *
     * @param share 0 to 1; 0.1 by default
     */
    public Builder<V> jitter(double share) {
      this.jitterShare = share;
      return this;
    }

    /** How long one store operation may take before it counts as failed; 1 s by default. */
    public Builder<V> storeTimeout(Duration limit) {
      this.storeTimeout = limit;
      return this;
    }

    /** How long a reader waits for somebody else's fill before it loads; 100 ms by default. */
    public Builder<V> busyBound(Duration bound) {
      this.busyBound = bound;
      return this;
    }

    /** Who is told of every read; by default nobody. */
    public Builder<V> accessRecorder(AccessRecorder recorder) {
      this.recorder = recorder;
      return this;
    }

    /** Where the cache counts; by default nowhere. */
    public Builder<V> meterRegistry(MeterRegistry registry) {
      this.registry = registry;
      return this;
    }

    /** By whose stream freshness is proven; whoever started it closes it. By default none. */
    public Builder<V> follow(InvalidationFeed feed) {
      this.feed = feed;
      return this;
    }

    /**
     * What reads get whose freshness cannot be proven; by default the database's answer, 200 a
     * second. The budget of a process is one object for all its caches.
     */
    public Builder<V> whenStale(FreshnessPolicy policy) {
      this.policy = policy;
      return this;
    }

    /**
     * A group of tags that entries may depend on, which the configuration has with mode {@code
     * tag}. By default there is none.
     *
     * @param ttl longest life of a tag on the store's clock, 1 ms to 3650 days; with a tag end the
     *     entries that were filled under it, so best some times longer than theirs
     */
    public Builder<V> tags(String group, Duration ttl) {
      tagTtls.put(group, ttl);
      return this;
    }

    /** Keeps values in the process too; needs a feed. By default none are kept. */
    public Builder<V> near(NearSettings settings) {
      this.near = settings;
      return this;
    }

    /** Whether the first position, which vouches, is at or above the second. */
    Builder<V> nearAdmission(BiPredicate<Position, Position> atLeast) {
      this.nearAdmission = atLeast;
      return this;
    }

    /** Source of numbers from 0 to 1 for jitter. */
    Builder<V> random(DoubleSupplier random) {
      this.random = random;
      return this;
    }

    /** Nanoseconds that only grow, and what waits for some of them. */
    Builder<V> time(LongSupplier ticker, LongConsumer pause) {
      this.ticker = ticker;
      this.pause = pause;
      return this;
    }

    /**
     * The cache.
     *
     * @throws IllegalArgumentException that names the setting that is out of range
     * @throws IllegalStateException if values are to be kept and no stream is followed
     */
    public CoherentCache<V> build() {
      return new CoherentCache<>(this);
    }
  }
}
