package dev.hearth.warmer.heat;

import dev.hearth.schemas.access.AccessReport;
import dev.hearth.schemas.access.HotKeys;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.jspecify.annotations.Nullable;

/**
 * Reads and writes of one cache each, to its hot keys. Event time decides what a read weighs; the
 * wall clock decides only when to store and to publish, and that no report speaks of the future: a
 * client whose clock is ahead would otherwise make everybody else's reads old.
 *
 * <p>Changed shards are stored every second, not with every report, so a crash may forget the
 * reports of a second whose offsets were committed; and at-least-once may count some twice. Reports
 * are lossy by contract and heat is an estimate, so neither is worth a transaction.
 */
final class HeatProcessor implements Processor<String, HeatNews, String, HotKeys> {
  static final String STORE = "heat";

  private final HeatSettings settings;
  private final Map<String, CacheHeat> caches = new TreeMap<>();
  private @Nullable ProcessorContext<String, HotKeys> context;
  private @Nullable KeyValueStore<String, byte[]> store;

  HeatProcessor(HeatSettings settings) {
    this.settings = settings;
  }

  @Override
  public void init(ProcessorContext<String, HotKeys> context) {
    this.context = context;
    KeyValueStore<String, byte[]> stored = context.getStateStore(STORE);
    this.store = stored;
    context.schedule(
        settings.storeEvery(),
        PunctuationType.WALL_CLOCK_TIME,
        now -> caches.values().forEach(heat -> heat.store(stored)));
    context.schedule(
        settings.publishEvery(), PunctuationType.WALL_CLOCK_TIME, now -> publish(context, now));
  }

  @Override
  public void process(Record<String, HeatNews> record) {
    if (context == null || store == null) {
      throw new IllegalStateException("process before init");
    }
    KeyValueStore<String, byte[]> stored = store;
    CacheHeat heat =
        caches.computeIfAbsent(record.key(), cache -> new CacheHeat(cache, settings, stored));
    long now = context.currentSystemTimeMs();
    if (record.value() instanceof HeatNews.Reads reads) {
      long atMillis = Math.min(reads.report().to().toEpochMilli(), now);
      for (AccessReport.KeyCount count : reads.report().counts()) {
        heat.addReads(count, atMillis);
      }
      return;
    }
    HeatNews.Writes writes = (HeatNews.Writes) record.value();
    long atMillis = Math.min(writes.until().toEpochMilli(), now);
    writes.byKey().forEach((key, times) -> heat.addWrites(key, times, atMillis));
  }

  private void publish(ProcessorContext<String, HotKeys> to, long nowMillis) {
    caches.forEach(
        (cache, heat) -> {
          if (heat.changedSincePublished()) {
            to.forward(new Record<>(cache, heat.publish(), nowMillis));
          }
        });
  }
}
