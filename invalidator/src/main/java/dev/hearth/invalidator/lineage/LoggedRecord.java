package dev.hearth.invalidator.lineage;

/** One record of the invalidations as it stands in the log. Immutable: nobody writes the bytes. */
final class LoggedRecord {
  private final long offset;
  private final long timestampMillis;
  private final byte[] value;

  /**
   * A record.
   *
   * @param timestampMillis the record's own, since 1970
   * @param value not copied; empty where there was none
   */
  LoggedRecord(long offset, long timestampMillis, byte[] value) {
    this.offset = offset;
    this.timestampMillis = timestampMillis;
    this.value = value;
  }

  long offset() {
    return offset;
  }

  long timestampMillis() {
    return timestampMillis;
  }

  byte[] value() {
    return value;
  }
}
