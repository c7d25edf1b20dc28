package dev.hearth.invalidator.lineage;

import dev.hearth.schemas.position.Position;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;

/** The keys under which {@link LineageFiles} puts things, so that their order is a useful one. */
final class LineageKeys {
  private LineageKeys() {}

  /** The hash makes the prefix, the turn the order; the subject tells apart who share a hash. */
  static byte[] eventKey(byte[] identity, long turn) {
    return ByteBuffer.allocate(2 * Long.BYTES + identity.length)
        .putLong(Subject.hash(identity))
        .putLong(turn)
        .put(identity)
        .array();
  }

  static byte[] reportKey(String store, int partition, long lastOffset, long appliedMicros) {
    byte[] name = store.getBytes(StandardCharsets.UTF_8);
    return ByteBuffer.allocate(name.length + 1 + Integer.BYTES + 2 * Long.BYTES)
        .put(name)
        .put((byte) 0)
        .putInt(partition)
        .putLong(lastOffset)
        .putLong(appliedMicros)
        .array();
  }

  static byte[] markKey(int partition, Position position) {
    return ByteBuffer.allocate(Integer.BYTES + 2 * Long.BYTES)
        .putInt(partition)
        .putLong(position.epoch())
        .putLong(position.lsn())
        .array();
  }

  static byte[] topicKey(String topic) {
    return ("topic:" + topic).getBytes(StandardCharsets.UTF_8);
  }

  static byte[] nextKey(Page.Place place) {
    return ("next:" + place.topic() + ":" + place.partition()).getBytes(StandardCharsets.UTF_8);
  }

  static byte[] sinceKey(int partition) {
    return ("since:" + partition).getBytes(StandardCharsets.UTF_8);
  }

  static byte[] bytes(long number) {
    return ByteBuffer.allocate(Long.BYTES).putLong(number).array();
  }

  static boolean startsWith(byte[] key, byte[] prefix) {
    return key.length >= prefix.length
        && Arrays.equals(key, 0, prefix.length, prefix, 0, prefix.length);
  }

  static long micros(Instant instant) {
    return ChronoUnit.MICROS.between(Instant.EPOCH, instant);
  }

  static Instant instant(long micros) {
    return Instant.EPOCH.plus(micros, ChronoUnit.MICROS);
  }
}
