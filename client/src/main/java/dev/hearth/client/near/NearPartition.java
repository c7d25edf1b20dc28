package dev.hearth.client.near;

import dev.hearth.schemas.position.Position;
import dev.hearth.schemas.position.Watermark;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalLong;
import java.util.function.BiPredicate;

/**
 * What a near cache has been told of one partition of the invalidations, and so which values it may
 * keep. Deterministic, no I/O; not thread-safe.
 *
 * <p>The topic can reach a near cache before the store's delivery has applied it. A value that is
 * then read from the store is old, and no later record corrects it. So a value is kept only if the
 * position that vouches for it is at or above that of the last invalidation that was told of its
 * key (model: NearCacheUnchecked). It must be the invalidation's own position c, not a watermark: c
 * lies above the watermarks around it (model: NearCacheCheckedAgainstW).
 *
 * <p>Positions are remembered by key for the keys told of last; for all others the highest one that
 * was forgotten stands. One position for the whole partition would be as sound, but where changes
 * follow one another faster than watermarks reach the store, nothing would ever be kept.
 */
final class NearPartition {
  private final int remembered;
  private final BiPredicate<Position, Position> atLeast;
  private final LinkedHashMap<String, Position> told = new LinkedHashMap<>();
  private Position floor = Position.NONE;
  private boolean open;
  private long life;

  /**
   * A partition of which nothing was told yet: closed.
   *
   * @param remembered number of keys, at least 1
   * @param atLeast whether the first position, which vouches, is at or above the second
   */
  NearPartition(int remembered, BiPredicate<Position, Position> atLeast) {
    this.remembered = remembered;
    this.atLeast = atLeast;
  }

  /** Number of the partition's present life: what was kept in another one is void. */
  long life() {
    return life;
  }

  void invalidated(String key, Position position) {
    Position before = told.remove(key);
    told.put(key, before == null ? position : Position.max(before, position));
    if (told.size() > remembered) {
      Map.Entry<String, Position> oldest = told.entrySet().iterator().next();
      floor = Position.max(floor, oldest.getValue());
      told.remove(oldest.getKey());
    }
  }

  /** A new epoch or generation: everything is void. */
  void raised(Position position) {
    life++;
    floor = Position.max(floor, position);
  }

  /** Records were missed: nothing holds, and nothing is kept until a mark says what was missed. */
  void lost() {
    life++;
    open = false;
  }

  /** The mark's ceiling is at or above whatever stood before it, missed or not. */
  void marked(Watermark mark) {
    if (!open) {
      floor = Position.max(floor, mark.ceiling());
      open = true;
    }
  }

  /**
   * Whether a value may be kept; if so, the life to keep it under.
   *
   * @param vouching the value misses no transaction whose commit record ends at or before it
   */
  OptionalLong admit(String key, Position vouching) {
    Position last = Position.max(floor, told.getOrDefault(key, Position.NONE));
    return open && atLeast.test(vouching, last) ? OptionalLong.of(life) : OptionalLong.empty();
  }
}
