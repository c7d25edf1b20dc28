package dev.hearth.warmer.heat;

import dev.hearth.schemas.access.AccessReport;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Predicate;

/**
 * What the loads of some keys took lately, how large their values were, and how often they were
 * written: decayed as reads are, so that a mean follows a change within some half-lives. Holds only
 * keys that it is told to, and no more than it is told to prune to. For one thread.
 */
final class KeyCosts {
  /** Six numbers in the state store. */
  static final int COST_BYTES = Long.BYTES + 5 * Float.BYTES;

  private static final Cost NOTHING = new Cost(0);

  private final double halfLifeMillis;
  private final Map<String, Cost> costs = new HashMap<>();

  KeyCosts(double halfLifeMillis) {
    this.halfLifeMillis = halfLifeMillis;
  }

  /** Sums as of a time of their own: a key that nobody reads costs nothing to age. */
  static final class Cost {
    private long atMillis;
    private double loads;
    private double loadMicros;
    private double sized;
    private double bytes;
    private double writes;

    private Cost(long atMillis) {
      this.atMillis = atMillis;
    }

    /** Mean time of a load in microseconds; 0 where none is known. */
    double meanLoadMicros() {
      return loads > 0 ? loadMicros / loads : 0;
    }

    /** Mean size of the value in bytes; 0 where none is known. */
    double meanBytes() {
      return sized > 0 ? bytes / sized : 0;
    }

    private void scale(double factor) {
      loads *= factor;
      loadMicros *= factor;
      sized *= factor;
      bytes *= factor;
      writes *= factor;
    }
  }

  /** What a plausible count says beside its reads; nothing is kept of one that says nothing. */
  void addLoads(AccessReport.KeyCount count, long atMillis) {
    // Reports of clients that do not tell how many loads there were.
    long loads = count.loads() > 0 ? count.loads() : count.misses();
    double micros = count.loadTime().getSeconds() * 1e6 + count.loadTime().getNano() / 1e3;
    boolean loaded = loads > 0 && micros > 0;
    if (!loaded && count.bytes() == 0) {
      return;
    }
    Cost cost = costs.computeIfAbsent(count.key(), key -> new Cost(atMillis));
    double weight = weightAt(cost, atMillis);
    if (loaded) {
      cost.loads += weight * loads;
      cost.loadMicros += weight * micros;
    }
    if (count.bytes() > 0) {
      cost.sized += weight;
      cost.bytes += weight * count.bytes();
    }
  }

  void addWrites(String key, long writes, long atMillis) {
    Cost cost = costs.computeIfAbsent(key, each -> new Cost(atMillis));
    // First: it ages what the sum is added to.
    double weight = weightAt(cost, atMillis);
    cost.writes += weight * writes;
  }

  /** What is known of a key; nothing but zeros where that is nothing. */
  Cost of(String key) {
    return costs.getOrDefault(key, NOTHING);
  }

  /** Writes of a key, decayed to a time. */
  double writes(String key, long atMillis) {
    Cost cost = of(key);
    return cost.writes * Math.min(1, decay(cost.atMillis, atMillis));
  }

  int keys() {
    return costs.size();
  }

  void retain(Predicate<String> keep) {
    costs.keySet().removeIf(keep.negate());
  }

  void write(String key, DataOutputStream out) throws IOException {
    Cost cost = of(key);
    out.writeLong(cost.atMillis);
    out.writeFloat((float) cost.loads);
    out.writeFloat((float) cost.loadMicros);
    out.writeFloat((float) cost.sized);
    out.writeFloat((float) cost.bytes);
    out.writeFloat((float) cost.writes);
  }

  void read(String key, DataInputStream in) throws IOException {
    Cost cost = new Cost(in.readLong());
    cost.loads = in.readFloat();
    cost.loadMicros = in.readFloat();
    cost.sized = in.readFloat();
    cost.bytes = in.readFloat();
    cost.writes = in.readFloat();
    costs.put(key, cost);
  }

  boolean knows(String key) {
    return costs.containsKey(key);
  }

  /** Ages a cost to a time; what comes late weighs what it would have weighed in time. */
  private double weightAt(Cost cost, long atMillis) {
    if (atMillis >= cost.atMillis) {
      cost.scale(decay(cost.atMillis, atMillis));
      cost.atMillis = atMillis;
      return 1;
    }
    return decay(atMillis, cost.atMillis);
  }

  private double decay(long fromMillis, long toMillis) {
    return Math.pow(2, (fromMillis - toMillis) / halfLifeMillis);
  }
}
