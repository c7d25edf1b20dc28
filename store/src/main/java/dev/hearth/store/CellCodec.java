package dev.hearth.store;

import dev.hearth.schemas.position.Position;
import java.nio.ByteBuffer;

/**
 * Cells to bytes and back. Part of what is published for other languages; all numbers big-endian.
 *
 * <pre>
 * marker  48 E1 01 | token 16
 * entry   48 E1 02 | epoch 8 | incarnation 8 | generation 8 | stamp LSN 8 | value...
 * nothing 48 E1 03 | epoch 8 | incarnation 8 | generation 8 | stamp LSN 8     (a negative entry)
 * </pre>
 *
 * Anything else is foreign. Thread-safe.
 */
public final class CellCodec {
  private static final byte MAGIC_1 = 0x48;
  private static final byte MAGIC_2 = (byte) 0xE1;
  private static final byte MARKER = 1;
  private static final byte ENTRY = 2;
  private static final byte NOTHING = 3;
  private static final int MARKER_BYTES = 3 + 16;
  private static final int ENTRY_HEADER_BYTES = 3 + 32;

  private CellCodec() {}

  public static byte[] marker(LeaseToken token) {
    return ByteBuffer.allocate(MARKER_BYTES)
        .put(MAGIC_1)
        .put(MAGIC_2)
        .put(MARKER)
        .putLong(token.high())
        .putLong(token.low())
        .array();
  }

  /** The entry that a fill under this lease stores. */
  public static byte[] entry(Lease lease, Value value) {
    byte[] bytes = value.bytes().orElse(new byte[0]);
    return ByteBuffer.allocate(ENTRY_HEADER_BYTES + bytes.length)
        .put(MAGIC_1)
        .put(MAGIC_2)
        .put(value.isAbsent() ? NOTHING : ENTRY)
        .putLong(lease.era().epoch())
        .putLong(lease.era().incarnation())
        .putLong(lease.era().generation())
        .putLong(lease.applied().lsn())
        .put(bytes)
        .array();
  }

  public static Cell decode(byte[] bytes) {
    if (bytes.length < 3 || bytes[0] != MAGIC_1 || bytes[1] != MAGIC_2) {
      return new Cell.Foreign();
    }
    ByteBuffer buffer = ByteBuffer.wrap(bytes, 3, bytes.length - 3);
    if (bytes[2] == MARKER && bytes.length == MARKER_BYTES) {
      return new Cell.Marker(new LeaseToken(buffer.getLong(), buffer.getLong()));
    }
    if (bytes.length < ENTRY_HEADER_BYTES || (bytes[2] != ENTRY && bytes[2] != NOTHING)) {
      return new Cell.Foreign();
    }
    long epoch = buffer.getLong();
    long incarnation = buffer.getLong();
    long generation = buffer.getLong();
    long stamp = buffer.getLong();
    if (epoch < 0 || (bytes[2] == NOTHING && buffer.hasRemaining())) {
      return new Cell.Foreign();
    }
    Value value = Value.absent();
    if (bytes[2] == ENTRY) {
      byte[] payload = new byte[buffer.remaining()];
      buffer.get(payload);
      value = Value.of(payload);
    }
    return new Cell.Entry(
        new Era(epoch, incarnation, generation), new Position(epoch, stamp), value);
  }
}
