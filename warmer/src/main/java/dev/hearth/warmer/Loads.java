package dev.hearth.warmer;

import com.zaxxer.hikari.HikariDataSource;
import dev.hearth.chassis.metrics.Metric;
import dev.hearth.chassis.metrics.Metrics;
import dev.hearth.store.standby.EpochsTopic;
import dev.hearth.store.standby.Refusal;
import dev.hearth.store.standby.Standby;
import dev.hearth.store.standby.StandbyReads;
import dev.hearth.warmer.load.LoadException;
import dev.hearth.warmer.load.LoadQuery;
import dev.hearth.warmer.load.LoadedBatch;
import dev.hearth.warmer.load.ReadPool;
import dev.hearth.warmer.load.RowLoader;
import dev.hearth.warmer.run.BatchLoader;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The load queries, on the primary and on its standbys. Thread-safe. */
final class Loads {
  private final Map<String, RowLoader> loaders;
  private final HikariDataSource primary;
  private final EpochsTopic epochs;
  private final Metrics metrics;

  private Loads(
      Map<String, RowLoader> loaders,
      HikariDataSource primary,
      EpochsTopic epochs,
      Metrics metrics) {
    this.loaders = loaders;
    this.primary = primary;
    this.epochs = epochs;
    this.metrics = metrics;
  }

  /**
   * Opens the connections; they are made when first needed.
   *
   * @param opened where to put what is to be closed
   */
  static Loads open(
      WarmerSettings settings,
      Map<String, WarmerSettings.Cache> caches,
      Map<String, LoadQuery> queries,
      Metrics metrics,
      Deque<AutoCloseable> opened) {
    HikariDataSource primary = primary(settings);
    opened.push(primary);
    EpochsTopic epochs = EpochsTopic.follow(settings.topics().epochs(), settings.kafka());
    opened.push(epochs);
    StandbyReads reads = reads(settings, primary, epochs, opened);
    Map<String, RowLoader> loaders = new LinkedHashMap<>();
    queries.forEach(
        (cache, query) -> {
          WarmerSettings.Cache of = caches.get(cache);
          if (of != null) {
            loaders.put(cache, new RowLoader(reads, query, of.key()));
          }
        });
    return new Loads(loaders, primary, epochs, metrics);
  }

  private static HikariDataSource primary(WarmerSettings settings) {
    WarmerSettings.Database database = settings.database();
    return ReadPool.primary(
        database.jdbcUrl(),
        database.user(),
        database.password(),
        settings.runner().ceiling(),
        database.statementTimeout());
  }

  /** The primary, and the standbys where there are any. */
  private static StandbyReads reads(
      WarmerSettings settings,
      HikariDataSource primary,
      EpochsTopic epochs,
      Deque<AutoCloseable> opened) {
    WarmerSettings.Database database = settings.database();
    int size = settings.runner().ceiling();
    List<Standby> standbys = new ArrayList<>();
    for (String url : database.replicas()) {
      HikariDataSource pool =
          ReadPool.standby(
              url, database.user(), database.password(), size, database.statementTimeout());
      opened.push(pool);
      standbys.add(new Standby("source.postgres.replicas[" + standbys.size() + "]", pool));
    }
    return new StandbyReads(primary, standbys, epochs, StandbyReads.Settings.defaults());
  }

  /** Where the guards ask how far the log is; no connection more than the loads have. */
  HikariDataSource primary() {
    return primary;
  }

  EpochsTopic epochs() {
    return epochs;
  }

  /** By cache. */
  Map<String, RowLoader> loaders() {
    return loaders;
  }

  /** As a run reads a cache; empty where it has no load query. */
  Optional<BatchLoader> batches(String cache) {
    return Optional.ofNullable(loaders.get(cache))
        .map(
            loader ->
                (keys, floor) -> {
                  StandbyReads.Read<LoadedBatch> read = loader.load(keys, Optional.of(floor));
                  metrics.counter(Metric.LOADS, cache, read.from().label()).increment();
                  read.refusals()
                      .forEach(
                          refusal ->
                              metrics
                                  .counter(Metric.STANDBY_REFUSALS, cache, refusal.label())
                                  .increment());
                  requireAskedOnly(cache, read.value());
                  return new BatchLoader.Loaded(
                      read.value().found(), read.value().absent(), isBehind(read));
                });
  }

  /** A query that answers what nobody asked is not what it should be, whatever else it says. */
  private static void requireAskedOnly(String cache, LoadedBatch batch) {
    if (batch.unasked() > 0) {
      throw new LoadException(
          "the load query answered "
              + batch.unasked()
              + " rows whose keys nobody asked for, so nothing of them was stored; have caches."
              + cache
              + ".load select the key columns as they are, and only of the wanted keys");
    }
  }

  /** A standby that rests was behind, or worse, a moment ago. */
  private static boolean isBehind(StandbyReads.Read<LoadedBatch> read) {
    return read.from() == StandbyReads.From.PRIMARY
        && (read.refusals().contains(Refusal.BEHIND) || read.refusals().contains(Refusal.RESTING));
  }
}
