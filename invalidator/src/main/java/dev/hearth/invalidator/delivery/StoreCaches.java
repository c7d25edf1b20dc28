package dev.hearth.invalidator.delivery;

import dev.hearth.schemas.key.KeyTemplate;
import java.time.Duration;
import java.util.Map;
import java.util.Set;

/**
 * The caches that a store holds, by what a delivery does to them. Immutable; a name stands in one
 * of the three.
 *
 * @param fenced entries are taken out; a generation voids the cache without touching them
 * @param plain entries are taken out twice; a generation takes them all out
 * @param observed invalidations are counted, nothing else
 */
public record StoreCaches(Set<String> fenced, Map<String, Plain> plain, Set<String> observed) {
  public StoreCaches {
    fenced = Set.copyOf(fenced);
    plain = Map.copyOf(plain);
    observed = Set.copyOf(observed);
  }

  /**
   * A plain cache.
   *
   * @param deleteAgainAfter time between the two deletes of a key, above zero
   */
  public record Plain(KeyTemplate key, Duration deleteAgainAfter) {}

  boolean takesOut(String cache) {
    return fenced.contains(cache) || plain.containsKey(cache);
  }
}
