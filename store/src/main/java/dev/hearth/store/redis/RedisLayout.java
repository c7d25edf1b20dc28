package dev.hearth.store.redis;

import dev.hearth.schemas.key.KeySlot;
import dev.hearth.store.CacheKey;
import java.nio.charset.StandardCharsets;

/**
 * Where things stand in Redis: entries under the application's own keys, meta records beside them
 * under keys that begin with {@code PREFIX:meta:}. Thread-safe.
 */
sealed interface RedisLayout {

  /** Of the installation. */
  String prefix();

  /** The key of the record that speaks for a key. */
  byte[] meta(CacheKey key);

  /** Keys with the same home, and their records, are read by one command. */
  int home(CacheKey key);

  default byte[] cell(CacheKey key) {
    return bytes(key.key());
  }

  default String metaPrefix() {
    return prefix() + ":meta:";
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  /** One server: a record for each partition of the invalidations. */
  record OneServer(String prefix, int partitions) implements RedisLayout {
    @Override
    public byte[] meta(CacheKey key) {
      return meta(KeySlot.partitionOf(key.key(), partitions));
    }

    @Override
    public int home(CacheKey key) {
      return 0;
    }

    byte[] meta(int partition) {
      return bytes(metaPrefix() + partition);
    }
  }

  /**
   * A cluster: a record for each slot, in that slot. A key with a hash tag of the application's own
   * could not carry a companion {@code {KEY}:meta}, so the records have tags of ours: the tag of a
   * slot is the smallest number, in decimal digits, that falls into it. The highest is 109,757.
   */
  final class Slots implements RedisLayout {
    private final String prefix;
    private final int partitions;
    private final byte[][] metas = new byte[KeySlot.SLOTS][];

    Slots(String prefix, int partitions) {
      this.prefix = prefix;
      this.partitions = partitions;
      int missing = KeySlot.SLOTS;
      for (int tag = 0; missing > 0; tag++) {
        int slot = KeySlot.of(Integer.toString(tag));
        if (metas[slot] == null) {
          metas[slot] = bytes(metaPrefix() + "{" + tag + "}");
          missing--;
        }
      }
    }

    @Override
    public String prefix() {
      return prefix;
    }

    @Override
    public byte[] meta(CacheKey key) {
      return meta(KeySlot.of(key.key()));
    }

    @Override
    public int home(CacheKey key) {
      return KeySlot.of(key.key());
    }

    byte[] meta(int slot) {
      return metas[slot];
    }

    /** The first slot of a partition of the invalidations; the next one's is behind its last. */
    int firstSlot(int partition) {
      return (partition * KeySlot.SLOTS + partitions - 1) / partitions;
    }
  }
}
