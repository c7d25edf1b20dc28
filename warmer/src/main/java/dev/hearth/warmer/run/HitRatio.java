package dev.hearth.warmer.run;

/**
 * How many reads of a cache were hits, as its clients reported.
 *
 * @param reads all of them
 * @param misses at most as many
 */
public record HitRatio(long reads, long misses) {
  /** Fewer reads than these say nothing yet. */
  public static final int FEWEST_READS = 100;

  public static final HitRatio NONE = new HitRatio(0, 0);

  public boolean isKnown() {
    return reads >= FEWEST_READS;
  }

  /** 0 to 1; 0 where there was no read. */
  public double value() {
    return reads == 0 ? 0 : (double) (reads - misses) / reads;
  }
}
