package dev.hearth.schemas.key;

import java.nio.charset.StandardCharsets;

/**
 * The hash slot of a key as Redis Cluster defines it: CRC16 (XMODEM) of the key, or of what stands
 * in its first non-empty pair of braces, modulo 16384 (Redis Cluster specification, "Hash tags").
 */
public final class KeySlot {
  public static final int SLOTS = 16384;

  private KeySlot() {}

  public static int of(String key) {
    byte[] bytes = key.getBytes(StandardCharsets.UTF_8);
    int from = 0;
    int to = bytes.length;
    int open = indexOf(bytes, '{', 0);
    if (open >= 0) {
      int close = indexOf(bytes, '}', open + 1);
      if (close > open + 1) {
        from = open + 1;
        to = close;
      }
    }
    return crc16(bytes, from, to) % SLOTS;
  }

  /**
   * The partition of the invalidations that carries a key: contiguous ranges of slots, so that a
   * slot belongs to exactly one partition.
   */
  public static int partitionOf(String key, int partitions) {
    return (int) ((long) of(key) * partitions / SLOTS);
  }

  private static int indexOf(byte[] bytes, char wanted, int from) {
    for (int i = from; i < bytes.length; i++) {
      if (bytes[i] == wanted) {
        return i;
      }
    }
    return -1;
  }

  private static int crc16(byte[] bytes, int from, int to) {
    int crc = 0;
    for (int i = from; i < to; i++) {
      crc ^= (bytes[i] & 0xFF) << 8;
      for (int bit = 0; bit < 8; bit++) {
        crc = (crc & 0x8000) != 0 ? (crc << 1) ^ 0x1021 : crc << 1;
      }
      crc &= 0xFFFF;
    }
    return crc;
  }
}
