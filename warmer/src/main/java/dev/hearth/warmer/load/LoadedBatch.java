package dev.hearth.warmer.load;

import java.util.Map;
import java.util.Set;

/**
 * What the database said of a batch of keys. Every asked key is in exactly one of the three.
 *
 * @param found the value of each key, as {@link RowJson}; not to be changed
 * @param absent keys that surely have no row: a negative entry is true
 * @param unloadable keys that no row can answer, or of which the query did not tell for sure that
 *     they have none: values that their column's type does not write back as they are ({@code
 *     product:007}), keys with two rows, and every missing key of a query that answers what nobody
 *     asked
 * @param unasked rows that were ignored because nobody asked for their keys
 */
public record LoadedBatch(
    Map<String, byte[]> found, Set<String> absent, Set<String> unloadable, int unasked) {
  public LoadedBatch {
    found = Map.copyOf(found);
    absent = Set.copyOf(absent);
    unloadable = Set.copyOf(unloadable);
  }

  /** Two parts of a batch as one. */
  LoadedBatch and(LoadedBatch other) {
    java.util.Map<String, byte[]> allFound = new java.util.HashMap<>(found);
    allFound.putAll(other.found);
    Set<String> allAbsent = new java.util.HashSet<>(absent);
    allAbsent.addAll(other.absent);
    Set<String> allUnloadable = new java.util.HashSet<>(unloadable);
    allUnloadable.addAll(other.unloadable);
    return new LoadedBatch(allFound, allAbsent, allUnloadable, unasked + other.unasked);
  }
}
