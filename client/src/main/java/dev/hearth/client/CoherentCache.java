package dev.hearth.client;

import dev.hearth.client.CacheMeters.Bypass;
import dev.hearth.client.access.AccessRecorder;
import dev.hearth.store.CacheKey;
import dev.hearth.store.FencedStore;
import dev.hearth.store.FillOutcome;
import dev.hearth.store.Lease;
import dev.hearth.store.ReadOutcome;
import dev.hearth.store.Value;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.composite.CompositeMeterRegistry;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.LockSupport;
import java.util.function.DoubleSupplier;
import java.util.function.LongConsumer;
import java.util.function.LongSupplier;

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
 * @param <V> what is cached; shared between callers, so best immutable
 */
public final class CoherentCache<V> {
  private final String name;
  private final BoundedStore store;
  private final Codec<V> codec;
  private final TimeToLive ttl;
  private final BusyWait busyWait;
  private final AccessRecorder recorder;
  private final CacheMeters meters;
  private final DoubleSupplier random;
  private final LongSupplier ticker;
  private final LongConsumer pause;
  private final Flights<Answer<V>> flights = new Flights<>();

  private CoherentCache(Builder<V> builder) {
    this.name = builder.cache;
    this.ticker = builder.ticker;
    this.store = new BoundedStore(builder.store, name, builder.storeTimeout, ticker);
    this.codec = builder.codec;
    this.ttl = new TimeToLive(builder.ttl, builder.negativeTtl, builder.jitterShare);
    this.busyWait = new BusyWait(builder.busyBound);
    this.recorder = builder.recorder;
    this.meters = new CacheMeters(builder.registry, name, builder.store.name());
    this.random = builder.random;
    this.pause = builder.pause;
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
    CacheKey cacheKey = new CacheKey(name, key);
    try {
      Flights.Landed<Answer<V>> landed =
          flights.share(key, !LoaderThread.isInside(), () -> answer(cacheKey, loader));
      Answer<V> answer = landed.result();
      meters.read(answer.hit());
      if (answer.hit()) {
        recorder.hit(name, key);
      } else {
        recorder.miss(name, key, landed.joined() ? 0 : answer.loadNanos());
      }
      return answer.value();
    } catch (RuntimeException | Error e) {
      meters.read(false);
      recorder.miss(name, key, 0);
      throw e;
    }
  }

  /**
   * What a flight brings.
   *
   * @param hit whether the store answered
   * @param loadNanos that the loader took; 0 for a hit
   */
  private record Answer<V>(Optional<V> value, boolean hit, long loadNanos) {}

  private Answer<V> answer(CacheKey key, Loader<V> loader) {
    long busySince = 0;
    for (int busy = 0; ; busy++) {
      Optional<ReadOutcome> outcome = store.get(key);
      if (outcome.isEmpty()) {
        return bypass(Bypass.STORE_FAILURE, key, loader);
      }
      if (outcome.get() instanceof ReadOutcome.Hit hit) {
        return decode(hit.value()).orElseGet(() -> bypass(Bypass.UNDECODABLE, key, loader));
      }
      if (outcome.get() instanceof ReadOutcome.Granted granted) {
        // The order that everything rests on: the loader begins after the lease was granted.
        Answer<V> loaded;
        try {
          loaded = load(key, loader);
        } catch (RuntimeException | Error e) {
          // Others need not wait for a value that does not come.
          store.release(key, granted.lease());
          throw e;
        }
        fill(key, granted.lease(), loaded.value());
        return loaded;
      }
      if (outcome.get() instanceof ReadOutcome.Uncertain) {
        return bypass(Bypass.UNCERTAIN, key, loader);
      }
      long now = ticker.getAsLong();
      busySince = busy == 0 ? now : busySince;
      Optional<Duration> next =
          busyWait.pause(busy, Duration.ofNanos(now - busySince), random.getAsDouble());
      if (next.isEmpty() || Thread.currentThread().isInterrupted()) {
        return bypass(Bypass.BUSY, key, loader);
      }
      pause.accept(next.get().toNanos());
    }
  }

  /**
   * Empty where the codec cannot read the entry. It is valid to the store, so nobody can fill it.
   */
  private Optional<Answer<V>> decode(Value value) {
    Optional<byte[]> bytes = value.bytes();
    if (bytes.isEmpty()) {
      return Optional.of(new Answer<>(Optional.empty(), true, 0));
    }
    try {
      return Optional.of(new Answer<>(Optional.of(codec.decode(bytes.get())), true, 0));
    } catch (Exception e) {
      return Optional.empty();
    }
  }

  private Answer<V> bypass(Bypass reason, CacheKey key, Loader<V> loader) {
    meters.bypassed(reason);
    return load(key, loader);
  }

  private Answer<V> load(CacheKey key, Loader<V> loader) {
    long start = ticker.getAsLong();
    Optional<V> value = LoaderThread.load(name, key.key(), loader);
    return new Answer<>(value, false, ticker.getAsLong() - start);
  }

  private void fill(CacheKey key, Lease lease, Optional<V> loaded) {
    Value value;
    try {
      value = loaded.isPresent() ? Value.of(codec.encode(loaded.get())) : Value.absent();
    } catch (Exception e) {
      meters.bypassed(Bypass.UNENCODABLE);
      store.release(key, lease);
      return;
    }
    Duration life = ttl.of(value.isAbsent(), random.getAsDouble());
    Optional<FillOutcome> outcome = store.fill(key, lease, value, life);
    outcome.ifPresentOrElse(meters::filled, () -> meters.bypassed(Bypass.STORE_FAILURE));
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
     */
    public CoherentCache<V> build() {
      return new CoherentCache<>(this);
    }
  }
}
