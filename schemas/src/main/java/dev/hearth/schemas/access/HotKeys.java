package dev.hearth.schemas.access;

import java.time.Duration;
import java.time.Instant;
import java.util.List;

/** The most read keys of one cache, hottest first. */
public record HotKeys(String cache, Instant asOf, Duration halfLife, List<HotKey> keys) {
  public HotKeys {
    keys = List.copyOf(keys);
  }

  /**
   * One hot key.
   *
   * @param readsPerSecond decayed; an upper bound
   * @param errorPerSecond by how much that may be too high
   * @param loadMicros mean time of a load of this key lately, in microseconds; 0 where it is not
   *     known
   * @param bytes mean size of its value lately, encoded, in bytes; 0 where it is not known
   * @param writesPerSecond invalidations of this key, decayed as the reads are; a lower bound, for
   *     they are counted only since the key is hot
   */
  public record HotKey(
      String key,
      double readsPerSecond,
      double errorPerSecond,
      double loadMicros,
      double bytes,
      double writesPerSecond) {

    /** A key of which only the reads are known. */
    public HotKey(String key, double readsPerSecond, double errorPerSecond) {
      this(key, readsPerSecond, errorPerSecond, 0, 0, 0);
    }

    /** The same key, with a mean time of a load; 0 for not known. */
    public HotKey withLoadMicros(double mean) {
      return new HotKey(key, readsPerSecond, errorPerSecond, mean, bytes, writesPerSecond);
    }

    /** The same key, with a mean size of its value; 0 for not known. */
    public HotKey withBytes(double mean) {
      return new HotKey(key, readsPerSecond, errorPerSecond, loadMicros, mean, writesPerSecond);
    }

    /** The same key, with a rate of invalidations. */
    public HotKey withWritesPerSecond(double rate) {
      return new HotKey(key, readsPerSecond, errorPerSecond, loadMicros, bytes, rate);
    }
  }
}
