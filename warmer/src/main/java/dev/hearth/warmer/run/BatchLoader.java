package dev.hearth.warmer.run;

import dev.hearth.schemas.position.Position;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Reads the values of keys after their leases were granted; thread-safe. */
@FunctionalInterface
public interface BatchLoader {

  /**
   * Reads a batch in one query, on the primary or on a standby that has replayed the floor.
   *
   * @param floor the highest B of the leases
   * @throws RuntimeException whose message is one sentence without values of rows
   */
  Loaded load(List<String> keys, Position floor);

  /**
   * What the database said; a key that is in neither is not to be filled.
   *
   * @param absent keys that surely have no row
   * @param isBehind whether the primary had to answer because a standby has not replayed enough
   */
  record Loaded(Map<String, byte[]> found, Set<String> absent, boolean isBehind) {
    /** From where it should come. */
    public Loaded(Map<String, byte[]> found, Set<String> absent) {
      this(found, absent, false);
    }

    public Loaded {
      found = Map.copyOf(found);
      absent = Set.copyOf(absent);
    }
  }
}
