package dev.hearth.warmer;

import com.zaxxer.hikari.HikariDataSource;
import dev.hearth.warmer.load.LoadQuery;
import dev.hearth.warmer.load.ReadPool;
import dev.hearth.warmer.load.RowLoader;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The load queries of a configuration, and what is wrong with them.
 *
 * @param byCache those that can be read, by the names of their caches
 * @param problems one sentence for each other, with its path in front
 */
record LoadQueries(Map<String, LoadQuery> byCache, List<String> problems) {
  LoadQueries {
    byCache = Map.copyOf(byCache);
    problems = List.copyOf(problems);
  }

  static LoadQueries of(WarmerSettings settings) {
    Map<String, LoadQuery> queries = new LinkedHashMap<>();
    List<String> problems = new ArrayList<>();
    for (WarmerSettings.Cache cache : settings.caches()) {
      try {
        cache
            .load()
            .ifPresent(load -> queries.put(cache.name(), LoadQuery.parse(load, cache.key())));
      } catch (IllegalArgumentException e) {
        problems.add(at(cache, String.valueOf(e.getMessage())));
      }
    }
    return new LoadQueries(queries, problems);
  }

  /** What of those that can be read does not fit the primary, which is asked to prepare them. */
  List<String> liveProblems(WarmerSettings settings) {
    List<String> live = new ArrayList<>();
    WarmerSettings.Database database = settings.database();
    try (HikariDataSource primary =
        ReadPool.primary(
            database.jdbcUrl(),
            database.user(),
            database.password(),
            1,
            database.statementTimeout())) {
      for (WarmerSettings.Cache cache : settings.caches()) {
        LoadQuery query = byCache.get(cache.name());
        if (query != null) {
          new RowLoader(primary, query, cache.key())
              .check()
              .ifPresent(problem -> live.add(at(cache, problem)));
        }
      }
    }
    return live;
  }

  private static String at(WarmerSettings.Cache cache, String problem) {
    return "caches." + cache.name() + ".load: " + problem;
  }
}
