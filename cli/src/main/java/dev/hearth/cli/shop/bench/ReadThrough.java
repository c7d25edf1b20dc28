package dev.hearth.cli.shop.bench;

import dev.hearth.client.Codec;
import dev.hearth.client.CoherentCache;
import dev.hearth.client.access.AccessRecorder;
import dev.hearth.store.FencedStore;
import dev.hearth.warmer.load.RowLoader;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.LongAdder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The application: reads products through the client, and loads what is missing by one query each.
 * What counts as a hit is what the client counts. Thread-safe.
 */
final class ReadThrough {
  private static final Logger log = LoggerFactory.getLogger(ReadThrough.class);

  private final MeterRegistry registry = new SimpleMeterRegistry();
  private final CoherentCache<byte[]> cache;
  private final RowLoader loader;
  private final Latencies queries;
  private final LongAdder failures = new LongAdder();

  ReadThrough(FencedStore store, RowLoader loader, AccessRecorder recorder, Latencies queries) {
    this.loader = loader;
    this.queries = queries;
    this.cache =
        CoherentCache.builder(WarmBench.CACHE, store, Codec.BYTES, Duration.ofHours(1))
            .accessRecorder(recorder)
            .meterRegistry(registry)
            .build();
  }

  /** Reads a product; what fails is counted. */
  void read(int id) {
    try {
      cache.get("product:" + id, this::load);
    } catch (RuntimeException e) {
      failures.increment();
      log.debug("read failed", e);
    }
  }

  private Optional<byte[]> load(String key) {
    long asked = System.nanoTime();
    Optional<byte[]> row = Optional.ofNullable(loader.load(Set.of(key)).found().get(key));
    queries.recordNanos(System.nanoTime() - asked);
    return row;
  }

  long hits() {
    return gets("hit");
  }

  long misses() {
    return gets("miss");
  }

  long failures() {
    return failures.sum();
  }

  private long gets(String result) {
    Counter counter = registry.find("cache.gets").tag("result", result).counter();
    return counter == null ? 0 : (long) counter.count();
  }
}
