package dev.hearth.store;

import dev.hearth.schemas.position.Position;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * Cells to bytes and back. Part of what is published for other languages; all numbers big-endian.
 *
 * <pre>
 * marker  48 E1 01 | token 16
 * entry   48 E1 02 | epoch 8 | incarnation 8 | generation 8 | stamp LSN 8 | value...
 * nothing 48 E1 03 | epoch 8 | incarnation 8 | generation 8 | stamp LSN 8     (a negative entry)
 * tagged  48 E1 04 | as an entry's up to the stamp | count 1 | tokens 16 each | value...
 * nothing 48 E1 05 | as an entry's up to the stamp | count 1 | tokens 16 each (a negative entry)
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
  private static final byte TAGGED_ENTRY = 4;
  private static final byte TAGGED_NOTHING = 5;
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
    boolean tagged = !lease.tags().isEmpty();
    int tagBytes = tagged ? 1 + TagToken.BYTES * lease.tags().size() : 0;
    ByteBuffer buffer =
        ByteBuffer.allocate(ENTRY_HEADER_BYTES + tagBytes + bytes.length)
            .put(MAGIC_1)
            .put(MAGIC_2)
            .put(kind(tagged, value.isAbsent()))
            .putLong(lease.era().epoch())
            .putLong(lease.era().incarnation())
            .putLong(lease.era().generation())
            .putLong(lease.applied().lsn());
    if (tagged) {
      buffer.put((byte) lease.tags().size());
      lease.tags().forEach(tag -> buffer.putLong(tag.high()).putLong(tag.low()));
    }
    return buffer.put(bytes).array();
  }

  private static byte kind(boolean tagged, boolean absent) {
    if (tagged) {
      return absent ? TAGGED_NOTHING : TAGGED_ENTRY;
    }
    return absent ? NOTHING : ENTRY;
  }

  public static Cell decode(byte[] bytes) {
    if (bytes.length < 3 || bytes[0] != MAGIC_1 || bytes[1] != MAGIC_2) {
      return new Cell.Foreign();
    }
    ByteBuffer buffer = ByteBuffer.wrap(bytes, 3, bytes.length - 3);
    byte kind = bytes[2];
    if (kind == MARKER && bytes.length == MARKER_BYTES) {
      return new Cell.Marker(new LeaseToken(buffer.getLong(), buffer.getLong()));
    }
    return kind < ENTRY || kind > TAGGED_NOTHING || bytes.length < ENTRY_HEADER_BYTES
        ? new Cell.Foreign()
        : entry(buffer, kind);
  }

  private static Cell entry(ByteBuffer buffer, byte kind) {
    Era era = new Era(buffer.getLong(), buffer.getLong(), buffer.getLong());
    long stamp = buffer.getLong();
    List<TagToken> tags = new ArrayList<>();
    if (kind == TAGGED_ENTRY || kind == TAGGED_NOTHING) {
      int count = buffer.hasRemaining() ? buffer.get() : 0;
      if (count < 1
          || count > FencedProtocol.MOST_TAGS
          || buffer.remaining() < count * TagToken.BYTES) {
        return new Cell.Foreign();
      }
      for (int tag = 0; tag < count; tag++) {
        tags.add(new TagToken(buffer.getLong(), buffer.getLong()));
      }
    }
    boolean absent = kind == NOTHING || kind == TAGGED_NOTHING;
    if (era.epoch() < 0 || (absent && buffer.hasRemaining())) {
      return new Cell.Foreign();
    }
    Value value = Value.absent();
    if (!absent) {
      byte[] payload = new byte[buffer.remaining()];
      buffer.get(payload);
      value = Value.of(payload);
    }
    return new Cell.Entry(era, new Position(era.epoch(), stamp), tags, value);
  }
}
