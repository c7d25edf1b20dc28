package dev.hearth.warmer.heat;

import dev.hearth.schemas.access.AccessReport;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Part of a cache's heat: how often its keys are read, and beside that what they cost, of those
 * keys only that have a counter in the sketch. For one thread.
 */
final class HeatShard {
  private final int slots;
  private final DecayedSketch sketch;
  private final KeyCosts costs;

  HeatShard(int slots, double halfLifeMillis) {
    this(slots, new DecayedSketch(slots, halfLifeMillis), new KeyCosts(halfLifeMillis));
  }

  private HeatShard(int slots, DecayedSketch sketch, KeyCosts costs) {
    this.slots = slots;
    this.sketch = sketch;
    this.costs = costs;
  }

  /** Counts plausible reads, at least one, and what their loads cost. */
  void addReads(AccessReport.KeyCount count, long atMillis) {
    sketch.add(count.key(), count.reads(), atMillis);
    if (sketch.counts(count.key())) {
      costs.addLoads(count, atMillis);
      prune();
    }
  }

  /** Counts writes of a key that is hot enough to have a counter; says whether it is. */
  boolean addWrites(String key, long writes, long atMillis) {
    if (!sketch.counts(key)) {
      return false;
    }
    costs.addWrites(key, writes, atMillis);
    prune();
    return true;
  }

  List<DecayedSketch.Heat> hottest(int most, long asOfMillis) {
    return sketch.hottest(most, asOfMillis);
  }

  KeyCosts.Cost cost(String key) {
    return costs.of(key);
  }

  double writes(String key, long asOfMillis) {
    return costs.writes(key, asOfMillis);
  }

  long latestMillis() {
    return sketch.latestMillis();
  }

  /** Keys whose costs are held; never more than the table of the sketch has slots. */
  int costedKeys() {
    return costs.keys();
  }

  /** A purge of the sketch takes counters away: what the table may hold bounds the costs too. */
  private void prune() {
    if (costs.keys() > slots) {
      costs.retain(sketch::counts);
    }
  }

  /**
   * The shard as bytes: the sketch, then for as many keys as fit their place in it and their cost.
   * Who knows only sketches reads the sketch.
   */
  byte[] toBytes(int mostBytes) {
    List<String> kept = new ArrayList<>();
    int reserved = Math.min(mostBytes / 4, costs.keys() * (Integer.BYTES + KeyCosts.COST_BYTES));
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    bytes.writeBytes(sketch.toBytes(mostBytes - reserved - Integer.BYTES, kept));
    List<Integer> costed = new ArrayList<>();
    int room = mostBytes - bytes.size() - Integer.BYTES;
    for (int i = 0; i < kept.size(); i++) {
      if (costs.knows(kept.get(i))
          && (costed.size() + 1) * (Integer.BYTES + KeyCosts.COST_BYTES) <= room) {
        costed.add(i);
      }
    }
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      out.writeInt(costed.size());
      for (int i : costed) {
        out.writeInt(i);
        costs.write(kept.get(i), out);
      }
      return bytes.toByteArray();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The shard that bytes hold, with costs or without; empty where they are damaged. */
  static Optional<HeatShard> fromBytes(byte[] bytes, int slots, double halfLifeMillis) {
    try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
      List<String> kept = new ArrayList<>();
      Optional<DecayedSketch> sketch = DecayedSketch.read(in, slots, halfLifeMillis, kept);
      if (sketch.isEmpty()) {
        return Optional.empty();
      }
      KeyCosts costs = new KeyCosts(halfLifeMillis);
      // Bytes of the version before end here.
      int costed = in.available() > 0 ? in.readInt() : 0;
      for (int i = 0; i < costed; i++) {
        int place = in.readInt();
        if (place < 0 || place >= kept.size()) {
          return Optional.empty();
        }
        costs.read(kept.get(place), in);
      }
      return Optional.of(new HeatShard(slots, sketch.get(), costs));
    } catch (IOException e) {
      return Optional.empty();
    }
  }
}
