package dev.hearth.store;

import dev.hearth.schemas.position.Position;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Meta records to bytes and back. Part of what is published for other languages; all numbers
 * big-endian.
 *
 * <pre>
 * 48 E1 10 | incarnation 8 | epoch 8 | A's LSN 8 | B's LSN 8 | offset 8
 *          | length 2, topic id | count 2 of generations, each: length 2, cache; generation 8
 * </pre>
 *
 * Caches stand in ascending order (of their UTF-16 units) and nothing follows the last one: equal
 * records have equal bytes and the other way round, so that bytes can be compared and set. Anything
 * else is foreign. Thread-safe.
 */
public final class MetaCodec {
  private static final byte[] MAGIC = {0x48, (byte) 0xE1, 0x10};
  private static final int MAX_LENGTH = 0xFFFF;

  private MetaCodec() {}

  /**
   * The bytes of a record.
   *
   * @throws IllegalArgumentException if the topic id or the name of a cache takes more than 65,535
   *     bytes, or if there are more than 65,535 generations
   */
  public static byte[] encode(Meta meta) {
    byte[] topicId = bytes("topic id", meta.topicId());
    if (meta.generations().size() > MAX_LENGTH) {
      throw new IllegalArgumentException(
          "a meta record holds "
              + meta.generations().size()
              + " generations; expected at most "
              + MAX_LENGTH);
    }
    int size = MAGIC.length + 5 * Long.BYTES + 2 + topicId.length + 2;
    for (String cache : meta.generations().keySet()) {
      size += 2 + bytes("cache", cache).length + Long.BYTES;
    }
    ByteBuffer buffer =
        ByteBuffer.allocate(size)
            .put(MAGIC)
            .putLong(meta.incarnation())
            .putLong(meta.epoch())
            .putLong(meta.applied().lsn())
            .putLong(meta.raised().lsn())
            .putLong(meta.offset())
            .putShort((short) topicId.length)
            .put(topicId)
            .putShort((short) meta.generations().size());
    meta.generations()
        .forEach(
            (cache, generation) -> {
              byte[] name = bytes("cache", cache);
              buffer.putShort((short) name.length).put(name).putLong(generation);
            });
    return buffer.array();
  }

  /** The record; empty where the bytes are none of ours. */
  public static Optional<Meta> decode(byte[] bytes) {
    if (bytes.length < MAGIC.length
        || bytes[0] != MAGIC[0]
        || bytes[1] != MAGIC[1]
        || bytes[2] != MAGIC[2]) {
      return Optional.empty();
    }
    try {
      ByteBuffer buffer = ByteBuffer.wrap(bytes, MAGIC.length, bytes.length - MAGIC.length);
      long incarnation = buffer.getLong();
      long epoch = buffer.getLong();
      long applied = buffer.getLong();
      long raised = buffer.getLong();
      long offset = buffer.getLong();
      String topicId = text(buffer);
      int count = Short.toUnsignedInt(buffer.getShort());
      TreeMap<String, Long> generations = new TreeMap<>();
      for (int i = 0; i < count; i++) {
        String cache = text(buffer);
        if (!generations.isEmpty() && generations.lastKey().compareTo(cache) >= 0) {
          return Optional.empty();
        }
        generations.put(cache, buffer.getLong());
      }
      if (buffer.hasRemaining()) {
        return Optional.empty();
      }
      return Optional.of(
          new Meta(
              incarnation,
              new Position(epoch, applied),
              new Position(epoch, raised),
              generations,
              topicId,
              offset));
    } catch (BufferUnderflowException | IllegalArgumentException | CharacterCodingException e) {
      return Optional.empty();
    }
  }

  private static byte[] bytes(String what, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    if (bytes.length > MAX_LENGTH) {
      throw new IllegalArgumentException(
          what + " takes " + bytes.length + " bytes; expected at most " + MAX_LENGTH);
    }
    return bytes;
  }

  private static String text(ByteBuffer buffer) throws CharacterCodingException {
    byte[] bytes = new byte[Short.toUnsignedInt(buffer.getShort())];
    buffer.get(bytes);
    return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
  }
}
