package dev.hearth.invalidator.derivation;

import dev.hearth.schemas.change.ChangeEvent;
import dev.hearth.schemas.change.Operation;
import dev.hearth.schemas.change.RowImage;
import dev.hearth.schemas.key.KeyException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The keys that one change touches over joins. It is asked twice: for the old row before what the
 * change made is remembered, and for the new row after, so that each is joined with the rows of its
 * time, its own among them where a table is joined with itself. By one thread.
 *
 * <p>A change of a row reaches all chains of rows, one of each table that the key needs, that it is
 * part of. Only as many tables are looked at as the key names: the key of a child is known from the
 * child alone when the child changes.
 */
final class FanOut {
  private final RowLookup rows;
  private final ChangeEvent change;
  private final Map<Derivation.Key, Rule.Target> keys = new LinkedHashMap<>();
  private final Map<String, String> voided = new LinkedHashMap<>();
  private final List<String> failures = new ArrayList<>();
  private final Map<Rule.Target, Integer> reached = new HashMap<>();
  private final Map<Rule.Target, Integer> named = new HashMap<>();

  FanOut(RowLookup rows, ChangeEvent change) {
    this.rows = rows;
    this.change = change;
  }

  /** A place of a rule's key where the changed row can stand. */
  record Place(Rule.Target target, int tier) {
    boolean fires() {
      return target.join().map(join -> join.tiers().get(tier).fires()).orElse(true);
    }
  }

  Map<Derivation.Key, Rule.Target> keys() {
    return keys;
  }

  Map<String, String> voided() {
    return voided;
  }

  /** Keys that could not be made of the rows, one sentence each; their caches are voided. */
  List<String> failures() {
    return failures;
  }

  void before(List<Place> places) {
    for (Place place : places) {
      if (change.operation() == Operation.TRUNCATE) {
        voided.putIfAbsent(place.target().cache(), Derivation.TRUNCATE);
      } else if (change.operation() != Operation.INSERT) {
        reach(place, change.before(), false);
      }
    }
  }

  void after(List<Place> places) {
    // Mostly the same rows once more.
    reached.clear();
    for (Place place : places) {
      if (change.operation() == Operation.INSERT || change.operation() == Operation.UPDATE) {
        reach(place, change.after(), true);
      }
    }
  }

  private void reach(Place place, RowImage image, boolean after) {
    Rule.Target target = place.target();
    if (voided.containsKey(target.cache())) {
      return;
    }
    Join join = target.join().orElseThrow();
    Join.Range range = join.range(place.tier(), target.template());
    List<Map<Integer, RowImage>> chains = new ArrayList<>();
    chains.add(Map.of(place.tier(), image));
    for (int tier = place.tier() + 1; tier <= range.to(); tier++) {
      Join.Tier next = join.tiers().get(tier);
      chains = joined(target, chains, tier - 1, next.former(), tier, next.column(), after);
    }
    for (int tier = place.tier() - 1; tier >= range.from(); tier--) {
      Join.Tier upper = join.tiers().get(tier + 1);
      chains = joined(target, chains, tier + 1, upper.column(), tier, upper.former(), after);
    }
    try {
      chains.forEach(chain -> render(target, join, chain));
    } catch (KeyException e) {
      failures.add(target.path() + ": " + e.getMessage());
      voided.put(target.cache(), Derivation.KEY_FAILED);
    }
  }

  /** Each chain with each row of one more tier; nothing once the cache is voided. */
  private List<Map<Integer, RowImage>> joined(
      Rule.Target target,
      List<Map<Integer, RowImage>> chains,
      int from,
      String column,
      int to,
      String otherColumn,
      boolean after) {
    Join join = target.join().orElseThrow();
    String table = join.tiers().get(to).table();
    List<Map<Integer, RowImage>> longer = new ArrayList<>();
    for (Map<Integer, RowImage> chain : chains) {
      RowImage image = chain.get(from);
      if (image == null || !image.knows(column)) {
        voided.put(target.cache(), Derivation.UNKNOWN_VALUE);
        return List.of();
      }
      Optional<String> value = image.value(column);
      if (value.isEmpty()) {
        continue;
      }
      int left = join.limit() - reached.getOrDefault(target, 0);
      KnownRows.Found found =
          left > 0
              ? rows.find(table, otherColumn, value.get(), after, left)
              : new KnownRows.Found.TooMany();
      if (!(found instanceof KnownRows.Found.Matches matches)) {
        voided.put(
            target.cache(),
            found instanceof KnownRows.Found.TooMany
                ? Derivation.FAN_OUT
                : Derivation.UNKNOWN_VALUE);
        return List.of();
      }
      reached.merge(target, matches.rows().size(), Integer::sum);
      for (RowImage row : matches.rows()) {
        Map<Integer, RowImage> with = new HashMap<>(chain);
        with.put(to, row);
        longer.add(with);
      }
    }
    return longer;
  }

  private void render(Rule.Target target, Join join, Map<Integer, RowImage> chain) {
    for (Map.Entry<Integer, RowImage> link : chain.entrySet()) {
      Set<String> needed = join.columns(link.getKey(), target.template());
      if (!Join.knows(link.getValue(), needed)) {
        voided.put(target.cache(), Derivation.UNKNOWN_VALUE);
        return;
      }
    }
    target
        .template()
        .render(column -> value(join, chain, column))
        .ifPresent(
            key -> {
              if (keys.putIfAbsent(new Derivation.Key(target.cache(), key), target) == null
                  && named.merge(target, 1, Integer::sum) > join.limit()) {
                voided.put(target.cache(), Derivation.FAN_OUT);
              }
            });
  }

  private static Optional<String> value(Join join, Map<Integer, RowImage> chain, String column) {
    RowImage image = chain.get(join.tierOf(column).orElseThrow());
    return image == null ? Optional.empty() : image.value(Join.own(column));
  }
}
