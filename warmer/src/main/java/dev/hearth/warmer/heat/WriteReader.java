package dev.hearth.warmer.heat;

import dev.hearth.chassis.metrics.Metric;
import dev.hearth.chassis.metrics.Metrics;
import dev.hearth.schemas.codec.UnreadableRecordException;
import dev.hearth.schemas.codec.WireCodec;
import dev.hearth.schemas.invalidation.Invalidation;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.jspecify.annotations.Nullable;

/**
 * Invalidations to the writes of each cache, summed up: a cache's writes go to where its reads are
 * counted in one record a second, not one for each. A transaction that touches a key in many rows
 * writes it once. Marks are passed over, and so is what cannot be read: the deliveries refuse it.
 */
final class WriteReader implements Processor<byte[], byte[], String, HeatNews> {
  /** Sums are sent on early rather than kept beyond it. */
  static final int MOST_KEYS = 10_000;

  private final Map<String, CacheKeys> caches;
  private final HeatSettings settings;
  private final Metrics metrics;
  private final Map<String, Map<String, Sum>> sums = new HashMap<>();
  private int keys;
  private Instant until = Instant.EPOCH;
  private @Nullable ProcessorContext<String, HeatNews> context;

  private static final class Sum {
    long writes;
    long lastTransaction;
  }

  WriteReader(Map<String, CacheKeys> caches, HeatSettings settings, Metrics metrics) {
    this.caches = Map.copyOf(caches);
    this.settings = settings;
    this.metrics = metrics;
  }

  @Override
  public void init(ProcessorContext<String, HeatNews> context) {
    this.context = context;
    context.schedule(
        settings.storeEvery(), PunctuationType.WALL_CLOCK_TIME, now -> forward(context));
  }

  @Override
  public void process(Record<byte[], byte[]> record) {
    if (context == null) {
      throw new IllegalStateException("process before init");
    }
    try {
      if (WireCodec.instance().decode(record.value()) instanceof Invalidation invalidation) {
        add(context, invalidation);
      }
    } catch (UnreadableRecordException e) {
      count("unreadable");
    }
  }

  private void add(ProcessorContext<String, HeatNews> to, Invalidation invalidation) {
    CacheKeys known = caches.get(invalidation.cache());
    if (known == null) {
      // Tags, and caches of a configuration that is newer or older.
      count(CountCheck.Flaw.UNKNOWN_CACHE.label());
      return;
    }
    if (invalidation.key().length() > CountCheck.LONGEST_KEY) {
      count(CountCheck.Flaw.LONG_KEY.label());
      return;
    }
    if (!known.contain(invalidation.key())) {
      count(CountCheck.Flaw.FOREIGN_KEY.label());
      return;
    }
    Map<String, Sum> ofCache = sums.computeIfAbsent(invalidation.cache(), cache -> new HashMap<>());
    Sum sum = ofCache.get(invalidation.key());
    if (sum == null) {
      sum = new Sum();
      ofCache.put(invalidation.key(), sum);
      keys++;
    } else if (sum.lastTransaction == invalidation.cause().transaction()) {
      return;
    }
    sum.lastTransaction = invalidation.cause().transaction();
    sum.writes++;
    until = until.isAfter(invalidation.committedAt()) ? until : invalidation.committedAt();
    count("counted");
    if (keys >= MOST_KEYS) {
      forward(to);
    }
  }

  private void forward(ProcessorContext<String, HeatNews> to) {
    long now = to.currentSystemTimeMs();
    sums.forEach(
        (cache, ofCache) -> {
          Map<String, Long> byKey = new HashMap<>();
          ofCache.forEach((key, sum) -> byKey.put(key, sum.writes));
          to.forward(new Record<>(cache, new HeatNews.Writes(byKey, until), now));
        });
    sums.clear();
    keys = 0;
    until = Instant.EPOCH;
  }

  private void count(String outcome) {
    metrics.counter(Metric.HEAT_WRITES, outcome).increment();
  }
}
