package dev.hearth.invalidator.lineage;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/** What one page holds of one subject, as bytes: its records, the oldest first. */
final class Piece {
  private static final int HEAD_BYTES = 2 * Long.BYTES + Integer.BYTES;

  private Piece() {}

  static byte[] encode(Collection<LoggedRecord> records) {
    int length = 0;
    for (LoggedRecord record : records) {
      length += HEAD_BYTES + record.value().length;
    }
    ByteBuffer bytes = ByteBuffer.allocate(length);
    for (LoggedRecord record : records) {
      bytes
          .putLong(record.offset())
          .putLong(record.timestampMillis())
          .putInt(record.value().length)
          .put(record.value());
    }
    return bytes.array();
  }

  static List<LoggedRecord> decode(byte[] piece) {
    ByteBuffer bytes = ByteBuffer.wrap(piece);
    List<LoggedRecord> records = new ArrayList<>();
    while (bytes.hasRemaining()) {
      long offset = bytes.getLong();
      long timestampMillis = bytes.getLong();
      byte[] value = new byte[bytes.getInt()];
      bytes.get(value);
      records.add(new LoggedRecord(offset, timestampMillis, value));
    }
    return records;
  }
}
