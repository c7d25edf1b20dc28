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

  /** Why a loaded value was not offered to the store, or not with success. */
  enum Bypass {
    /** Somebody else was filling, for longer than this reader waits. */
    BUSY,
    /** The store knew no position. */
    UNCERTAIN,
    /** The store failed or did not answer in time, at the read or at the fill. */
    STORE_FAILURE,
    /** A valid entry holds the key, and the codec cannot read it. */
    UNDECODABLE,
    /** The codec cannot write the value. */
    UNENCODABLE
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
