package dev.hearth.schemas.position;

/**
 * A place in the history of one source. Positions are ordered by epoch, then by LSN: LSNs of
 * different epochs say nothing about one another, and a later epoch voids all earlier ones.
 *
 * @param epoch number of the source's epoch, at least 0; grows, with gaps
 * @param lsn PostgreSQL log sequence number in bytes, compared as an unsigned number
 */
public record Position(long epoch, long lsn) implements Comparable<Position> {
  /** Before everything: vouches for nothing. */
  public static final Position NONE = new Position(0, 0);

  public Position {
    if (epoch < 0) {
      throw new IllegalArgumentException("epoch is " + epoch + "; expected 0 or more");
    }
  }

  @Override
  public int compareTo(Position other) {
    return epoch != other.epoch
        ? Long.compare(epoch, other.epoch)
        : Long.compareUnsigned(lsn, other.lsn);
  }

  public boolean atLeast(Position other) {
    return compareTo(other) >= 0;
  }

  public static Position max(Position one, Position other) {
    return one.atLeast(other) ? one : other;
  }

  /** As PostgreSQL prints an LSN, after the epoch: {@code 3:16/B374D848}. */
  @Override
  public String toString() {
    return epoch
        + ":"
        + Long.toHexString(lsn >>> 32).toUpperCase(java.util.Locale.ROOT)
        + "/"
        + Long.toHexString(lsn & 0xFFFF_FFFFL).toUpperCase(java.util.Locale.ROOT);
  }
}
