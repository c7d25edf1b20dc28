package dev.hearth.warmer;

import dev.hearth.chassis.metrics.Metrics;
import dev.hearth.schemas.audit.AuditVerdict;
import dev.hearth.store.FencedStore;
import dev.hearth.warmer.audit.AuditCounts;
import dev.hearth.warmer.audit.AuditRuns;
import dev.hearth.warmer.audit.AuditSettings;
import dev.hearth.warmer.audit.AuditedCache;
import dev.hearth.warmer.audit.CacheAuditor;
import dev.hearth.warmer.audit.EntryReader;
import dev.hearth.warmer.audit.RowReader;
import dev.hearth.warmer.audit.VerdictPublisher;
import dev.hearth.warmer.load.LoadedBatch;
import dev.hearth.warmer.load.RowLoader;
import java.time.Clock;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/** Audits of the configured caches: what is read where, and by which promise. Thread-safe. */
final class Audits {
  private final AuditSettings settings;
  private final Map<String, WarmerSettings.Cache> caches;
  private final Map<String, FencedStore> stores;
  private final Map<String, RowLoader> loaders;
  private final Metrics metrics;
  private final Clock clock;

  /**
   * @param caches by name
   * @param stores by name
   * @param loaders by cache, of those that have a load query
   */
  Audits(
      AuditSettings settings,
      Map<String, WarmerSettings.Cache> caches,
      Map<String, FencedStore> stores,
      Map<String, RowLoader> loaders,
      Metrics metrics,
      Clock clock) {
    this.settings = settings;
    this.caches = Map.copyOf(caches);
    this.stores = Map.copyOf(stores);
    this.loaders = Map.copyOf(loaders);
    this.metrics = metrics;
    this.clock = clock;
  }

  /** What of the configured caches an audit can look at. */
  static List<AuditedCache> audited(Collection<WarmerSettings.Cache> caches) {
    return caches.stream()
        .map(
            cache ->
                new AuditedCache(
                    cache.name(), cache.stores(), cache.mode(), cache.load().isPresent()))
        .toList();
  }

  /** One pass over a cache in a store, whose verdict is published. */
  AuditRuns.Pass publishing(VerdictPublisher verdicts) {
    return (cache, store, chosen, counts) -> {
      AuditVerdict verdict = audit(cache, store, chosen, counts);
      verdicts.publish(verdict);
      return verdict;
    };
  }

  /** As {@link Warmer#audit}, and publishes nothing. */
  AuditVerdict audit(String cache, String store, Predicate<String> sample)
      throws InterruptedException {
    return audit(cache, store, keys -> keys.filter(sample), new AuditCounts());
  }

  private AuditVerdict audit(
      String cache, String store, UnaryOperator<Stream<String>> chosen, AuditCounts counts)
      throws InterruptedException {
    WarmerSettings.Cache of = caches.get(cache);
    RowLoader loader = loaders.get(cache);
    FencedStore in = stores.get(store);
    if (of == null || loader == null) {
      throw new IllegalArgumentException(
          "cache \""
              + cache
              + "\" has no load query to compare it with; add caches."
              + cache
              + ".load");
    }
    if (in == null || !of.stores().contains(store)) {
      throw new IllegalArgumentException(
          "cache \"" + cache + "\" is not in a store \"" + store + "\"; it is in " + of.stores());
    }
    String prefix = of.key().shape().substring(0, of.key().shape().indexOf("{}"));
    try (Stream<String> keys = in.keys(cache, prefix)) {
      AuditSettings bounds =
          of.mode() == AuditVerdict.Mode.PLAIN
              ? settings.settlingLaterBy(of.deleteAgainAfter())
              : settings;
      return new CacheAuditor(bounds, metrics, clock)
          .audit(
              cache,
              store,
              of.mode(),
              chosen.apply(keys.filter(key -> of.key().parseKey(key).isPresent())),
              of.isFenced() ? EntryReader.believed(in) : EntryReader.raw(in),
              rows(loader),
              counts);
    }
  }

  private static RowReader rows(RowLoader loader) {
    return keys -> {
      LoadedBatch batch = loader.load(keys);
      return new RowReader.Rows(batch.found(), batch.absent());
    };
  }
}
