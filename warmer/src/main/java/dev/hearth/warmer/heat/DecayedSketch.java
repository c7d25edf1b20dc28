package dev.hearth.warmer.heat;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.datasketches.frequencies.ErrorType;
import org.apache.datasketches.frequencies.ItemsSketch;

/**
 * How often keys are read lately, in bounded memory whatever the number of keys. For one thread.
 *
 * <p><b>Decay.</b> A read counts half after each half-life H. Shrinking every counter as time
 * passes would touch all of them; <em>forward decay</em> [1] instead lets what comes later weigh
 * more: a read at t adds 2^((t-L)/H), where L is a fixed landmark, and the decayed count at a time
 * T is the sum divided by 2^((T-L)/H). Ratios of sums never depend on L or T, so the order of the
 * keys needs no division at all, and a report that comes late simply weighs what it would have
 * weighed in time. Sums grow without end, so the landmark is moved before they overflow
 * ("rebased"): every counter is divided by the same power of two. A steady rate r has the decayed
 * count r·H/ln 2, which is how counts become rates.
 *
 * <p><b>Bounded memory.</b> The weights go into a frequent-items sketch [2], a generalisation of
 * Misra and Gries' counters [3] to weights: a table of counters; when it is full, the median
 * counter is subtracted from all and those at or below zero leave. All that was ever subtracted is
 * the error e. For every key: lower &lt;= true &lt;= lower + e, where lower is its counter, or 0
 * without one. So any key whose true weight is above e has a counter, and e is at most 3.5/slots of
 * the total weight [2]. Sketches of [3] cannot be decayed counter by counter in place, which is why
 * rebasing builds a new one from the lower bounds and carries e over, divided by the same number.
 *
 * <p><b>Rounding.</b> The sketch counts whole numbers, so one read at the landmark is 2^20. A read
 * more than 21 half-lives older than the landmark rounds to nothing. Each update is off by at most
 * 2^-21 reads.
 *
 * <ol>
 *   <li>Cormode, Shkapenyuk, Srivastava, Xu: Forward decay: a practical time decay model for
 *       streaming systems. ICDE 2009.
 *   <li>Anderson, Bevan, Lang, Liberty, Rhodes, Thaler: A high-performance algorithm for
 *       identifying frequent items in data streams. IMC 2017; Apache DataSketches, "Frequent
 *       Items".
 *   <li>Misra, Gries: Finding repeated elements. Science of Computer Programming 2 (1982).
 * </ol>
 */
final class DecayedSketch {
  private static final byte LAYOUT = 1;
  private static final double READ = 1 << 20;
  private static final double REBASE_AFTER_HALF_LIVES = 10;
  private static final double MOST_WEIGHT = 0x1p61;
  private static final int ROW_BYTES = 2 + Long.BYTES;
  private static final int HEADER_BYTES = 1 + 2 * Long.BYTES + Double.BYTES + Integer.BYTES;

  private final int slots;
  private final double halfLifeMillis;
  private ItemsSketch<String> weights;
  private long landmarkMillis;
  private long latestMillis = Long.MIN_VALUE;
  private double carriedError;

  /**
   * An empty sketch.
   *
   * @param slots power of two, at least 8
   */
  DecayedSketch(int slots, double halfLifeMillis) {
    this.slots = slots;
    this.halfLifeMillis = halfLifeMillis;
    this.weights = new ItemsSketch<>(slots);
  }

  /**
   * A key at a time.
   *
   * @param reads decayed, an upper bound
   * @param error by how much that may be too high
   */
  record Heat(String key, double reads, double error) {}

  /**
   * Counts reads.
   *
   * @param reads 1 to 10^12
   */
  void add(String key, long reads, long atMillis) {
    latestMillis = Math.max(latestMillis, atMillis);
    if (weights.isEmpty() && carriedError == 0) {
      landmarkMillis = atMillis;
    }
    if (halfLives(landmarkMillis, atMillis) > REBASE_AFTER_HALF_LIVES) {
      rebase(atMillis);
    }
    double weight = weight(reads, atMillis);
    while (weight > MOST_WEIGHT - weights.getStreamLength()) {
      rebase(landmarkMillis + (long) Math.ceil(REBASE_AFTER_HALF_LIVES * halfLifeMillis));
      weight = weight(reads, atMillis);
    }
    long rounded = Math.round(weight);
    if (rounded > 0) {
      weights.update(key, rounded);
    }
  }

  /** The hottest keys as of a time, hottest first; no more than there are counters. */
  List<Heat> hottest(int most, long asOfMillis) {
    double error = carriedError + weights.getMaximumError();
    // Clocks may go back; what was counted is never inflated to a time before it.
    long at = Math.max(asOfMillis, latestMillis);
    double one = READ * Math.pow(2, halfLives(landmarkMillis, at));
    ItemsSketch.Row<String>[] rows = rows();
    List<Heat> hottest = new ArrayList<>(Math.min(most, rows.length));
    for (int i = 0; i < rows.length && i < most; i++) {
      hottest.add(
          new Heat(rows[i].getItem(), (rows[i].getLowerBound() + error) / one, error / one));
    }
    return hottest;
  }

  /**
   * The sketch as bytes. Where it does not fit, the coldest keys are left out, and the error covers
   * them.
   *
   * @param mostBytes at least 29
   */
  byte[] toBytes(int mostBytes) {
    return toBytes(mostBytes, new ArrayList<>());
  }

  /** As {@link #toBytes(int)}, and adds the keys that are kept, in their order, to a list. */
  byte[] toBytes(int mostBytes, List<String> keptKeys) {
    ItemsSketch.Row<String>[] rows = rows();
    double error = carriedError + weights.getMaximumError();
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    int kept = 0;
    try (DataOutputStream out = new DataOutputStream(body)) {
      for (ItemsSketch.Row<String> row : rows) {
        if (HEADER_BYTES + body.size() + ROW_BYTES + 3 * row.getItem().length() > mostBytes) {
          error += row.getLowerBound();
          break;
        }
        out.writeUTF(row.getItem());
        out.writeLong(row.getLowerBound());
        keptKeys.add(row.getItem());
        kept++;
      }
      ByteArrayOutputStream whole = new ByteArrayOutputStream(HEADER_BYTES + body.size());
      DataOutputStream header = new DataOutputStream(whole);
      header.writeByte(LAYOUT);
      header.writeLong(landmarkMillis);
      header.writeLong(latestMillis);
      header.writeDouble(error);
      header.writeInt(kept);
      body.writeTo(whole);
      return whole.toByteArray();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The sketch that bytes hold; empty where they are damaged or of another layout. */
  static Optional<DecayedSketch> fromBytes(byte[] bytes, int slots, double halfLifeMillis) {
    return read(
        new DataInputStream(new ByteArrayInputStream(bytes)),
        slots,
        halfLifeMillis,
        new ArrayList<>());
  }

  /**
   * The sketch that comes next, and adds its keys to a list in their order; empty where it is
   * damaged or of another layout.
   */
  static Optional<DecayedSketch> read(
      DataInputStream in, int slots, double halfLifeMillis, List<String> keys) {
    DecayedSketch sketch = new DecayedSketch(slots, halfLifeMillis);
    try {
      if (in.readByte() != LAYOUT) {
        return Optional.empty();
      }
      sketch.landmarkMillis = in.readLong();
      sketch.latestMillis = in.readLong();
      sketch.carriedError = in.readDouble();
      int count = in.readInt();
      for (int i = 0; i < count; i++) {
        String key = in.readUTF();
        keys.add(key);
        sketch.weights.update(key, Math.max(0, in.readLong()));
      }
      return Optional.of(sketch);
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  /** The latest time that was counted; {@link Long#MIN_VALUE} where nothing was. */
  long latestMillis() {
    return latestMillis;
  }

  /** Whether a key has a counter. */
  boolean counts(String key) {
    return weights.getLowerBound(key) > 0;
  }

  int keys() {
    return weights.getNumActiveItems();
  }

  private void rebase(long toMillis) {
    double factor = Math.pow(2, halfLives(toMillis, landmarkMillis));
    ItemsSketch<String> next = new ItemsSketch<>(slots);
    for (ItemsSketch.Row<String> row : rows()) {
      long weight = (long) (row.getLowerBound() * factor);
      if (weight > 0) {
        next.update(row.getItem(), weight);
      }
    }
    // One unit for what was cut off in rounding down.
    carriedError = (carriedError + weights.getMaximumError()) * factor + 1;
    weights = next;
    landmarkMillis = toMillis;
  }

  private double weight(long reads, long atMillis) {
    return reads * READ * Math.pow(2, halfLives(landmarkMillis, atMillis));
  }

  private double halfLives(long fromMillis, long toMillis) {
    return (toMillis - fromMillis) / halfLifeMillis;
  }

  /** All counters, highest first. */
  private ItemsSketch.Row<String>[] rows() {
    return weights.getFrequentItems(0, ErrorType.NO_FALSE_NEGATIVES);
  }
}
