package dev.hearth.client;

import dev.hearth.store.FillOutcome;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;

/** What one cache counts. All series exist from the start. Thread-safe. */
final class CacheMeters {
  private final Counter hits;
  private final Counter misses;
  private final Map<FillOutcome, Counter> fills = new EnumMap<>(FillOutcome.class);
  private final Map<Bypass, Counter> bypasses = new EnumMap<>(Bypass.class);
  private final Map<Stale, Counter> stale = new EnumMap<>(Stale.class);
  private final Map<Near, Counter> near = new EnumMap<>(Near.class);

  /** Why a loaded value was not offered to the store, or not with success. */
  enum Bypass {
    /** Somebody else was filling, for longer than this reader waits. */
    BUSY,
    /** The store knew no position. */
    UNCERTAIN,
    /** A tag was taken away, or was being created by others, for longer than this reader waits. */
    TAGS,
    /** The store failed or did not answer in time, at the read or at the fill. */
    STORE_FAILURE,
    /** A valid entry holds the key, and the codec cannot read it. */
    UNDECODABLE,
    /** The codec cannot write the value. */
    UNENCODABLE,
    /** The store had a value that may not hold the write of the reader's token. */
    BEHIND_TOKEN,
    /** The store had a value that may be older than the reader's bound. */
    TOO_OLD,
    /** The store had a value, and nothing is known that token or bound compares with. */
    UNPROVEN
  }

  /** What became of reads whose freshness is in doubt and that were kept from the database. */
  enum Stale {
    SERVED,
    REFUSED
  }

  /** What the near cache had. */
  enum Near {
    HIT,
    MISS,
    /** A value, but the stream is too old to vouch for it. */
    DOUBT
  }

  CacheMeters(MeterRegistry registry, String cache, String store) {
    hits = gets(registry, cache, "hit");
    misses = gets(registry, cache, "miss");
    for (FillOutcome outcome : FillOutcome.values()) {
      fills.put(
          outcome,
          Counter.builder("hearth.fills")
              .description("Fills by what became of them")
              .tag("cache", cache)
              .tag("store", store)
              .tag("outcome", label(outcome))
              .register(registry));
    }
    for (Bypass reason : Bypass.values()) {
      bypasses.put(
          reason,
          Counter.builder("hearth.client.bypasses")
              .description("Values that went to the caller uncached, by reason")
              .tag("cache", cache)
              .tag("reason", label(reason))
              .register(registry));
    }
    for (Stale outcome : Stale.values()) {
      stale.put(
          outcome,
          Counter.builder("hearth.client.stale.reads")
              .description("Reads in doubt that were kept from the database, by what they got")
              .tag("cache", cache)
              .tag("outcome", label(outcome))
              .register(registry));
    }
    for (Near result : Near.values()) {
      near.put(
          result,
          Counter.builder("hearth.client.near.reads")
              .description("Reads of the near cache by what it had")
              .tag("cache", cache)
              .tag("result", label(result))
              .register(registry));
    }
  }

  void read(boolean hit) {
    (hit ? hits : misses).increment();
  }

  void filled(FillOutcome outcome) {
    count(fills, outcome);
  }

  void bypassed(Bypass reason) {
    count(bypasses, reason);
  }

  void stale(Stale outcome) {
    count(stale, outcome);
  }

  void near(Near result) {
    count(near, result);
  }

  private static <E extends Enum<E>> void count(Map<E, Counter> counters, E key) {
    Counter counter = counters.get(key);
    if (counter != null) {
      counter.increment();
    }
  }

  private static Counter gets(MeterRegistry registry, String cache, String result) {
    return Counter.builder("cache.gets")
        .description("Reads by whether the store answered them")
        .tag("cache", cache)
        .tag("result", result)
        .register(registry);
  }

  private static String label(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT);
  }
}
